#include "kernels/activation.h"

#include "simd/fetch.h"
#include "simd/math.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T, class Function>
FOLDGATE_INLINE void map(T* values, int64_t n, Function function) {
  for (int64_t i = 0; i < n; i += kLanes<T>) store(values + i, function(load(values + i, n - i)), n - i);
}

template <class T>
void forward(Activation activation, T* values, int64_t n) {
  switch (activation) {
    case Activation::kRelu: return map(values, n, [](Vec<T> x) { return maximum(Vec<T>{}, x); });
    case Activation::kRelu6: return map(values, n, [](Vec<T> x) { return clamp<T>(T(0), T(6), x); });
    case Activation::kTanh: return map(values, n, [](Vec<T> x) { return tanh<T>(x); });
    case Activation::kSigmoid: return map(values, n, [](Vec<T> x) { return sigmoid<T>(x); });
    case Activation::kLinear: return;
  }
}

template <class T, class Function>
FOLDGATE_INLINE void map2(const T* y, const T* dy, T* dx, int64_t n, Function function) {
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    fetch_stream(y + i);
    fetch_stream(dy + i);
    fetch_stream(dx + i);
    store(dx + i, function(load(y + i, n - i), load(dy + i, n - i)), n - i);
  }
}

template <class T>
void backward(Activation activation, const T* y, const T* dy, T* dx, int64_t n) {
  using V = Vec<T>;
  switch (activation) {
    case Activation::kLinear: return map2(y, dy, dx, n, [](V, V d) { return d; });
    // not (y <= 0): a NaN passes its gradient on, as x > 0 does
    case Activation::kRelu: return map2(y, dy, dx, n, [](V v, V d) { return v <= V{} ? V{} : d; });
    case Activation::kRelu6:
      return map2(y, dy, dx, n, [](V v, V d) { return v <= V{} ? V{} : v >= broadcast<T>(T(6)) ? V{} : d; });
    case Activation::kTanh: return map2(y, dy, dx, n, [](V v, V d) { return d * (T(1) - v * v); });
    case Activation::kSigmoid: return map2(y, dy, dx, n, [](V v, V d) { return d * (v * (T(1) - v)); });
  }
}

}  // namespace

extern const ActivationKernels<float> activation_f32;
extern const ActivationKernels<double> activation_f64;
const ActivationKernels<float> activation_f32{forward<float>, backward<float>};
const ActivationKernels<double> activation_f64{forward<double>, backward<double>};

}  // namespace foldgate::FOLDGATE_ISA
