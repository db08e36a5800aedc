#include "kernels/optimizer.h"

#include "kernels/reduce.h"
#include "simd/fetch.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
FOLDGATE_INLINE Vec<T> larger(Vec<T> a, Vec<T> b) {
  return a != a ? a : maximum(a, b);  // NaN where either is
}

// sign of 0 is 0, and of NaN itself
template <class T>
FOLDGATE_INLINE Vec<T> sign(Vec<T> v) {
  const Vec<T> zero = {}, one = broadcast<T>(1);
  return v > zero ? one : v < zero ? zero - one : v;
}

// w of the next step, from w' = decay w; slots change in place.
template <Optimizer Kind, class T>
FOLDGATE_INLINE Vec<T> step(const OptimizerConstants<T>& k, Vec<T> w, Vec<T> g, Vec<T> (&s)[kMaxSlots]) {
  using O = Optimizer;
  if constexpr (Kind == O::kSgd) return w - g * k.lr;
  if constexpr (Kind == O::kMomentum || Kind == O::kNesterov) {
    s[0] = s[0] * k.mu - g * k.lr;
    return Kind == O::kMomentum ? w + s[0] : w + (s[0] * k.mu - g * k.lr);
  }
  if constexpr (Kind == O::kRmsprop || Kind == O::kRmspropMomentum || Kind == O::kRmspropCentered ||
                Kind == O::kRmspropCenteredMomentum) {
    constexpr bool kCentered = Kind == O::kRmspropCentered || Kind == O::kRmspropCenteredMomentum;
    s[0] = s[0] * k.rho + g * g * (T(1) - k.rho);
    Vec<T> square = s[0];
    if constexpr (kCentered) {
      s[1] = s[1] * k.rho + g * (T(1) - k.rho);
      square -= s[1] * s[1];
    }
    const Vec<T> d = g * k.lr / root(square + k.epsilon);
    if constexpr (Kind == O::kRmsprop || Kind == O::kRmspropCentered) return w - d;
    Vec<T>& m = s[kCentered ? 2 : 1];
    m = m * k.mu + d;
    return w - m;
  }
  if constexpr (Kind == O::kAdam || Kind == O::kAmsgrad || Kind == O::kNadam) {
    s[0] += (g - s[0]) * k.p;
    s[1] += (g * g - s[1]) * k.q;
    if constexpr (Kind == O::kNadam)
      return w - (s[0] * k.a + g * k.b) * k.lr / (root(s[1] * k.c) + k.epsilon);
    if constexpr (Kind == O::kAmsgrad) s[2] = larger<T>(s[2], s[1]);
    return w - s[0] * k.lr / (root(Kind == O::kAmsgrad ? s[2] : s[1]) + k.epsilon);
  }
  if constexpr (Kind == O::kAdamax) {
    s[0] += (g - s[0]) * k.p;
    s[1] = larger<T>(s[1] * k.q, g < Vec<T>{} ? -g : g);
    return w - s[0] * k.lr / (s[1] + k.epsilon);
  }
  if constexpr (Kind == O::kAdagrad) {
    s[0] += g * g;
    return w - g * k.lr / root(s[0] + k.epsilon);
  }
  if constexpr (Kind == O::kAdadelta) {
    s[0] = s[0] * k.rho + g * g * (T(1) - k.rho);
    const Vec<T> d = g * root(s[1] + k.epsilon) / root(s[0] + k.epsilon);
    s[1] = s[1] * k.rho + d * d * (T(1) - k.rho);
    return w - d * k.lr;
  }
  if constexpr (Kind == O::kLion) {
    const Vec<T> c = s[0] * k.rho + g * (T(1) - k.rho);
    s[0] = s[0] * k.q + g * (T(1) - k.q);
    return w - sign<T>(c) * k.lr;
  }
}

template <Optimizer Kind, class T>
void update_all(const OptimizerConstants<T>& k, const T* gradient, int64_t n, T* variable, T* const* slots) {
  constexpr int kSlots = kOptimizerSlots[static_cast<int>(Kind)];
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    const int64_t live = n - i;
    Vec<T> s[kMaxSlots] = {};
    fetch_stream(gradient + i);
    fetch_stream(variable + i);
    FOLDGATE_UNROLL
    for (int j = 0; j < kSlots; ++j) {
      fetch_stream(slots[j] + i);
      s[j] = load(slots[j] + i, live);
    }
    const Vec<T> w = step<Kind, T>(k, load(variable + i, live) * k.decay, load(gradient + i, live), s);
    store(variable + i, w, live);
    FOLDGATE_UNROLL
    for (int j = 0; j < kSlots; ++j) store(slots[j] + i, s[j], live);
  }
}

template <class T, int... Kinds>
void update_by(Optimizer kind, const OptimizerConstants<T>& k, const T* gradient, int64_t n, T* variable,
               T* const* slots, Indices<Kinds...>) {
  using Update = void (*)(const OptimizerConstants<T>&, const T*, int64_t, T*, T* const*);
  static constexpr Update table[] = {update_all<static_cast<Optimizer>(Kinds), T>...};
  table[static_cast<int>(kind)](k, gradient, n, variable, slots);
}
template <class T>
void update(Optimizer kind, const OptimizerConstants<T>& k, const T* gradient, int64_t n, T* variable,
            T* const* slots) {
  update_by(kind, k, gradient, n, variable, slots, typename MakeIndices<kOptimizers>::type());
}

template <class T>
T square_sum(const T* x, int64_t n) {
  return total<T>(n, [=](int64_t i, int64_t live) FOLDGATE_LAMBDA {
    const Vec<T> v = load(x + i, live);
    return v * v;
  });
}

template <class T>
void scale(const T* x, int64_t n, T factor, T* y) {
  for (int64_t i = 0; i < n; i += kLanes<T>) store(y + i, load(x + i, n - i) * factor, n - i);
}

}  // namespace

extern const OptimizerKernels<float> optimizer_f32;
extern const OptimizerKernels<double> optimizer_f64;
const OptimizerKernels<float> optimizer_f32{update<float>, square_sum<float>, scale<float>};
const OptimizerKernels<double> optimizer_f64{update<double>, square_sum<double>, scale<double>};

}  // namespace foldgate::FOLDGATE_ISA
