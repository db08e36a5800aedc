#include "kernels/recurrent_generic.h"

#include "simd/log.h"
#include "simd/math.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
Vec<T> value_of(const GateFunction& f, Vec<T> x) {
  const T alpha = static_cast<T>(f.alpha), beta = static_cast<T>(f.beta);
  const Vec<T> zero{};
  switch (f.kind) {
    case GateKind::kLinear: return x;
    case GateKind::kRelu: return maximum(zero, x);
    case GateKind::kTanh: return tanh<T>(x);
    case GateKind::kSigmoid: return sigmoid<T>(x);
    case GateKind::kAffine: return x * alpha + beta;
    case GateKind::kLeakyRelu: return x > zero ? x : x * alpha;
    case GateKind::kThresholdedRelu: return x <= alpha ? zero : x;
    case GateKind::kScaledTanh: return tanh<T>(x * beta) * alpha;
    case GateKind::kHardSigmoid: return clamp<T>(0, 1, x * alpha + beta);
    case GateKind::kElu: return x > zero ? x : expm1_below_zero<T>(x) * alpha;
    case GateKind::kSoftsign: return x / (magnitude<T>(x) + T(1));
    case GateKind::kSoftplus: break;
  }
  return maximum(zero, x) + log1p_exp<T>(x);
}

// The derivative at x, where y is the function's value.
template <class T>
Vec<T> slope_of(const GateFunction& f, Vec<T> x, Vec<T> y) {
  const T alpha = static_cast<T>(f.alpha), beta = static_cast<T>(f.beta);
  const Vec<T> zero{}, one = broadcast<T>(T(1));
  switch (f.kind) {
    case GateKind::kLinear: return one;
    case GateKind::kRelu: return x > zero ? one : zero;
    case GateKind::kTanh: return one - y * y;
    case GateKind::kSigmoid: return y * (one - y);
    case GateKind::kAffine: return broadcast<T>(alpha);
    case GateKind::kLeakyRelu: return x > zero ? one : broadcast<T>(alpha);
    case GateKind::kThresholdedRelu: return x > alpha ? one : zero;
    case GateKind::kScaledTanh: {
      const Vec<T> t = tanh<T>(x * beta);
      return (one - t * t) * (alpha * beta);
    }
    case GateKind::kHardSigmoid: return (y > zero) & (y < one) ? broadcast<T>(alpha) : zero;
    case GateKind::kElu: return x > zero ? one : y + alpha;
    case GateKind::kSoftsign: {
      const Vec<T> away = magnitude<T>(x) + T(1);
      return one / (away * away);
    }
    case GateKind::kSoftplus: break;
  }
  return sigmoid<T>(x);
}

// A function of sums, clipped.
template <class T>
struct Gate {
  const GateFunction& function;
  T clip;
  Vec<T> operator()(Vec<T> sum) const { return value_of<T>(function, clamp<T>(-clip, clip, sum)); }
  Vec<T> slope(Vec<T> sum, Vec<T> value) const {
    const Vec<T> x = clamp<T>(-clip, clip, sum);
    return magnitude<T>(sum) > clip ? Vec<T>{} : slope_of<T>(function, x, value);
  }
};
template <class T>
Gate<T> gate_of(const GateFunctions& functions, const GateFunction& function) {
  return {function, static_cast<T>(functions.clip)};
}

// body(row, unit, live lanes) for all of them
template <class T, class Cell, class Body>
FOLDGATE_INLINE void each_vector(const Cell& s, Body body) {
  for (int64_t row = s.begin; row < s.end; ++row)
    for (int64_t unit = 0; unit < s.units; unit += kLanes<T>) body(row, unit, s.units - unit);
}

template <class T>
void lstm_rows(const GenericCell<T>& s) {
  const Gate<T> a = gate_of<T>(s.functions, s.functions.gate),
                b = gate_of<T>(s.functions, s.functions.candidate),
                show{s.functions.output, static_cast<T>(__builtin_inf())};
  each_vector<T>(s, [&](int64_t row, int64_t unit, int64_t n) {
    T* saved = s.saved + row * s.saved_step + unit;
    const T* recurrent = s.recurrent + row * s.recurrent_step + unit;
    const auto peep = [&](int k, Vec<T> c) {
      return s.peephole ? load(s.peephole + k * s.units + unit, n) * c : Vec<T>{};
    };
    const auto sum = [&](int g) { return load(saved + g * s.units, n) + load(recurrent + g * s.units, n); };
    T* state = s.c + row * s.units + unit;
    const Vec<T> c = load(state, n);
    const Vec<T> i_sum = sum(0) + peep(0, c), f_sum = sum(1) + peep(1, c), g_sum = sum(2);
    const Vec<T> i = a(i_sum), f = s.functions.coupled ? T(1) - i : a(f_sum);
    const Vec<T> next = f * c + i * b(g_sum), o_sum = sum(3) + peep(2, next);
    store(state, next, n);
    store(s.h + row * s.units + unit, a(o_sum) * show(next), n);
    const Vec<T> kept[] = {i_sum, f_sum, g_sum, o_sum, next};
    for (int k = 0; k < 5; ++k) store(saved + k * s.units, kept[k], n);
  });
}

template <class T>
void gru_rows(const GenericCell<T>& s) {
  const Gate<T> a = gate_of<T>(s.functions, s.functions.gate),
                b = gate_of<T>(s.functions, s.functions.candidate);
  each_vector<T>(s, [&](int64_t row, int64_t unit, int64_t n) {
    T* saved = s.saved + row * s.saved_step + unit;
    const T* recurrent = s.recurrent + row * s.recurrent_step + unit;
    T* state = s.h + row * s.units + unit;
    const Vec<T> h = load(state, n), hn = load(recurrent + 2 * s.units, n);
    const Vec<T> z_sum = load(saved, n) + load(recurrent, n);
    const Vec<T> r_sum = load(saved + s.units, n) + load(recurrent + s.units, n);
    const Vec<T> z = a(z_sum), candidate = b(load(saved + 2 * s.units, n) + a(r_sum) * hn);
    store(state, candidate + z * (h - candidate), n);
    store(saved, z_sum, n), store(saved + s.units, r_sum, n), store(saved + 3 * s.units, hn, n);
  });
}

template <class T>
void gru_gates_rows(const GenericCell<T>& s) {
  const Gate<T> a = gate_of<T>(s.functions, s.functions.gate);
  each_vector<T>(s, [&](int64_t row, int64_t unit, int64_t n) {
    T* saved = s.saved + row * s.saved_step + unit;
    const T* recurrent = s.recurrent + row * s.recurrent_step + unit;
    const Vec<T> z_sum = load(saved, n) + load(recurrent, n);
    const Vec<T> r_sum = load(saved + s.units, n) + load(recurrent + s.units, n);
    const int64_t at = row * s.units + unit;
    store(s.reset_h + at, a(r_sum) * load(s.h + at, n), n);
    store(saved, z_sum, n), store(saved + s.units, r_sum, n);
  });
}

template <class T>
void gru_candidate_rows(const GenericCell<T>& s) {
  const Gate<T> a = gate_of<T>(s.functions, s.functions.gate),
                b = gate_of<T>(s.functions, s.functions.candidate);
  each_vector<T>(s, [&](int64_t row, int64_t unit, int64_t n) {
    T* saved = s.saved + row * s.saved_step + unit;
    T* state = s.h + row * s.units + unit;
    const Vec<T> sum = load(saved + 2 * s.units, n) + load(s.recurrent + row * s.recurrent_step + unit, n);
    const Vec<T> candidate = b(sum);
    store(state, candidate + a(load(saved, n)) * (load(state, n) - candidate), n);
    store(saved + 2 * s.units, sum, n);
  });
}

template <class T>
void rnn_rows(const GenericCell<T>& s) {
  const Gate<T> a = gate_of<T>(s.functions, s.functions.gate);
  each_vector<T>(s, [&](int64_t row, int64_t unit, int64_t n) {
    T* saved = s.saved + row * s.saved_step + unit;
    const Vec<T> sum = load(saved, n) + load(s.recurrent + row * s.recurrent_step + unit, n);
    store(s.h + row * s.units + unit, a(sum), n);
    store(saved, sum, n);
  });
}

template <class T>
void forward(Phase phase, const GenericCell<T>& s) {
  switch (phase) {
    case Phase::kLstm: return lstm_rows(s);
    case Phase::kGru: return gru_rows(s);
    case Phase::kGruGates: return gru_gates_rows(s);
    case Phase::kGruCandidate: return gru_candidate_rows(s);
    default: return rnn_rows(s);
  }
}

template <class T>
void lstm_gradients(const GenericGradient<T>& s) {
  const Gate<T> a = gate_of<T>(s.functions, s.functions.gate),
                b = gate_of<T>(s.functions, s.functions.candidate),
                show{s.functions.output, static_cast<T>(__builtin_inf())};
  const bool coupled = s.functions.coupled;
  each_vector<T>(s, [&](int64_t row, int64_t unit, int64_t n) {
    const auto saved = [&](int k) { return load(s.saved + row * s.saved_step + k * s.units + unit, n); };
    const auto peep = [&](int k) { return s.peephole ? load(s.peephole + k * s.units + unit, n) : Vec<T>{}; };
    const int64_t at = row * s.units + unit;
    const Vec<T> c = load(s.c_before[row] + unit, n), next = saved(4), dm = load(s.dh + at, n);
    const Vec<T> i = a(saved(0)), f_own = a(saved(1)), g = b(saved(2)), o = a(saved(3)), shown = show(next);
    const Vec<T> f = coupled ? T(1) - i : f_own;
    const Vec<T> d_o = dm * shown * a.slope(saved(3), o);
    const Vec<T> dc = load(s.dc + at, n) + dm * o * show.slope(next, shown) + d_o * peep(2);
    const Vec<T> d_i = dc * (coupled ? g - c : g) * a.slope(saved(0), i);
    const Vec<T> d_f = coupled ? Vec<T>{} : dc * c * a.slope(saved(1), f_own);
    const Vec<T> d_g = dc * i * b.slope(saved(2), g);
    store(s.dc + at, dc * f + d_i * peep(0) + d_f * peep(1), n);
    if (s.m) store(s.m + at, o * shown, n);
    T* dgates = s.dgates + row * s.dgates_step + unit;
    const Vec<T> found[] = {d_i, d_f, d_g, d_o};
    for (int k = 0; k < 4; ++k) store(dgates + k * s.units, found[k], n);
  });
}

template <class T>
void gru_gradients(const GenericGradient<T>& s) {
  const Gate<T> a = gate_of<T>(s.functions, s.functions.gate),
                b = gate_of<T>(s.functions, s.functions.candidate);
  each_vector<T>(s, [&](int64_t row, int64_t unit, int64_t n) {
    const auto saved = [&](int k) { return load(s.saved + row * s.saved_step + k * s.units + unit, n); };
    const int64_t at = row * s.units + unit;
    const Vec<T> h = load(s.h_before + at, n), dh = load(s.dh + at, n), hn = saved(3);
    const Vec<T> z = a(saved(0)), r = a(saved(1)), n_sum = saved(2) + r * hn, candidate = b(n_sum);
    const Vec<T> dn = dh * (T(1) - z) * b.slope(n_sum, candidate);
    T* dgates = s.dgates + row * s.dgates_step + unit;
    store(dgates, dh * (h - candidate) * a.slope(saved(0), z), n);
    store(dgates + s.units, dn * hn * a.slope(saved(1), r), n);
    store(dgates + 2 * s.units, dn, n);
    store(dgates + 3 * s.units, dn * r, n);
    store(s.dh + at, dh * z, n);
  });
}

template <class T>
void gru_candidate_gradients(const GenericGradient<T>& s) {
  const Gate<T> a = gate_of<T>(s.functions, s.functions.gate),
                b = gate_of<T>(s.functions, s.functions.candidate);
  each_vector<T>(s, [&](int64_t row, int64_t unit, int64_t n) {
    const auto saved = [&](int k) { return load(s.saved + row * s.saved_step + k * s.units + unit, n); };
    const int64_t at = row * s.units + unit;
    const Vec<T> h = load(s.h_before + at, n), dh = load(s.dh + at, n);
    const Vec<T> z = a(saved(0)), candidate = b(saved(2));
    T* dgates = s.dgates + row * s.dgates_step + unit;
    store(dgates, dh * (h - candidate) * a.slope(saved(0), z), n);
    store(dgates + 2 * s.units, dh * (T(1) - z) * b.slope(saved(2), candidate), n);
    store(s.dh + at, dh * z, n);
  });
}

template <class T>
void gru_gates_gradients(const GenericGradient<T>& s) {
  const Gate<T> a = gate_of<T>(s.functions, s.functions.gate);
  each_vector<T>(s, [&](int64_t row, int64_t unit, int64_t n) {
    const int64_t at = row * s.units + unit;
    const Vec<T> sum = load(s.saved + row * s.saved_step + s.units + unit, n), r = a(sum);
    const Vec<T> h = load(s.h_before + at, n), dreset = load(s.dreset_h + at, n);
    store(s.dgates + row * s.dgates_step + s.units + unit, dreset * h * a.slope(sum, r), n);
    store(s.dh + at, load(s.dh + at, n) + dreset * r, n);
    store(s.reset_h + at, r * h, n);
  });
}

template <class T>
void rnn_gradients(const GenericGradient<T>& s) {
  const Gate<T> a = gate_of<T>(s.functions, s.functions.gate);
  each_vector<T>(s, [&](int64_t row, int64_t unit, int64_t n) {
    const Vec<T> sum = load(s.saved + row * s.saved_step + unit, n);
    const Vec<T> dh = load(s.dh + row * s.units + unit, n);
    store(s.dgates + row * s.dgates_step + unit, dh * a.slope(sum, a(sum)), n);
  });
}

template <class T>
void backward(Phase phase, const GenericGradient<T>& s) {
  switch (phase) {
    case Phase::kLstm: return lstm_gradients(s);
    case Phase::kGru: return gru_gradients(s);
    case Phase::kGruGates: return gru_gates_gradients(s);
    case Phase::kGruCandidate: return gru_candidate_gradients(s);
    default: return rnn_gradients(s);
  }
}

template <class T>
void add(T* target, const T* source, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes<T>)
    store(target + i, load(target + i, n - i) + load(source + i, n - i), n - i);
}

template <class T>
void add_product(T* target, const T* a, const T* b, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes<T>)
    store(target + i, load(target + i, n - i) + load(a + i, n - i) * load(b + i, n - i), n - i);
}

}  // namespace

extern const GenericKernels<float> recurrent_generic_f32;
extern const GenericKernels<double> recurrent_generic_f64;
const GenericKernels<float> recurrent_generic_f32{forward<float>, backward<float>, add<float>,
                                                  add_product<float>};
const GenericKernels<double> recurrent_generic_f64{forward<double>, backward<double>, add<double>,
                                                   add_product<double>};

}  // namespace foldgate::FOLDGATE_ISA
