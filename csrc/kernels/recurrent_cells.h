// The gate equations and their derivatives, on whole vectors: their one home, for sequences and single steps.
//
//   LSTM  c' = f c + i g,  h' = o tanh(c')                   i, f, o = sigmoid(.),  g = tanh(.)
//   GRU   h' = (1 - z) n + z h = n + z (h - n)               z, r = sigmoid(.)
//         n  = tanh(xn + r hn)     hn = h Rn + rn            reset_after
//         n  = tanh(xn + hn)       hn = (r h) Rn             reset before
//   RNN   h' = tanh(.) or relu(.)
//
// Derivatives follow from sigmoid' = s (1 - s), tanh' = 1 - t^2. What backward is given is what forward returned.
#pragma once
#include "simd/exp2.h"

namespace foldgate::FOLDGATE_ISA {

template <class T>
FOLDGATE_INLINE Vec<T> sigmoid_slope(Vec<T> s) {
  return s * (T(1) - s);
}
template <class T>
FOLDGATE_INLINE Vec<T> tanh_slope(Vec<T> t) {
  return T(1) - t * t;
}

// Forward cells are in two stages: what the sums give, then what hangs on that. Run over several rows one stage after
// the other, the chain of one row, ~170 cycles from the sums to h, is never waited for.
template <class T>
struct LstmState {
  Vec<T> i, f, g, o, c;
};
template <class T>
FOLDGATE_INLINE LstmState<T> lstm_gates(Vec<T> i, Vec<T> f, Vec<T> g, Vec<T> o, Vec<T> c_before) {
  LstmState<T> s;
  s.i = gate_sigmoid<T>(i);
  s.f = gate_sigmoid<T>(f);
  s.g = gate_tanh<T>(g);
  s.o = gate_sigmoid<T>(o);
  s.c = s.f * c_before + s.i * s.g;
  return s;
}
template <class T>
FOLDGATE_INLINE Vec<T> lstm_output(Vec<T> o, Vec<T> c) {
  return o * gate_tanh<T>(c);
}

template <class T>
struct LstmGradient {
  Vec<T> i, f, g, o, c_before;
};
// dh, dc: of the state that leaves
template <class T>
FOLDGATE_INLINE LstmGradient<T> lstm_backward(const LstmState<T>& s, Vec<T> c_before, Vec<T> dh, Vec<T> dc) {
  const Vec<T> tanh_c = gate_tanh<T>(s.c);
  dc += dh * s.o * tanh_slope<T>(tanh_c);
  return {dc * s.g * sigmoid_slope<T>(s.i), dc * c_before * sigmoid_slope<T>(s.f),
          dc * s.i * tanh_slope<T>(s.g), dh * tanh_c * sigmoid_slope<T>(s.o), dc * s.f};
}

template <class T>
struct GruGates {
  Vec<T> z, r;
};
template <class T>
FOLDGATE_INLINE GruGates<T> gru_gates(Vec<T> z, Vec<T> r) {
  return {gate_sigmoid<T>(z), gate_sigmoid<T>(r)};
}
// n: the sum before its tanh, xn + r hn or xn + (r h) Rn
template <class T>
struct GruOutput {
  Vec<T> n, h;
};
template <class T>
FOLDGATE_INLINE GruOutput<T> gru_output(Vec<T> n, Vec<T> z, Vec<T> h_before) {
  GruOutput<T> s;
  s.n = gate_tanh<T>(n);
  s.h = s.n + z * (h_before - s.n);
  return s;
}

template <class T>
struct GruState {
  Vec<T> z, r, n, hn;
};
template <class T>
struct GruGradient {
  Vec<T> z, r, n, hn, h_before;  // h_before: past the products
};
template <class T>
FOLDGATE_INLINE GruGradient<T> gru_backward(const GruState<T>& s, Vec<T> h_before, Vec<T> dh) {
  GruGradient<T> d;
  d.n = dh * (T(1) - s.z) * tanh_slope<T>(s.n);
  d.z = dh * (h_before - s.n) * sigmoid_slope<T>(s.z);
  d.r = d.n * s.hn * sigmoid_slope<T>(s.r);
  d.hn = d.n * s.r;
  d.h_before = dh * s.z;
  return d;
}

// Reset before. d.r and d.hn wait for d(r h): gru_reset_backward
template <class T>
FOLDGATE_INLINE GruGradient<T> gru_candidate_backward(Vec<T> z, Vec<T> n, Vec<T> h_before, Vec<T> dh) {
  GruGradient<T> d = {};
  d.n = dh * (T(1) - z) * tanh_slope<T>(n);
  d.z = dh * (h_before - n) * sigmoid_slope<T>(z);
  d.h_before = dh * z;
  return d;
}
template <class T>
FOLDGATE_INLINE GruGradient<T> gru_reset_backward(Vec<T> r, Vec<T> h_before, Vec<T> dreset_h) {
  GruGradient<T> d = {};
  d.r = dreset_h * h_before * sigmoid_slope<T>(r);
  d.h_before = dreset_h * r;
  return d;
}

template <class T, bool kRelu>
FOLDGATE_INLINE Vec<T> rnn_forward(Vec<T> x) {
  if constexpr (kRelu) return maximum(Vec<T>{}, x);
  return gate_tanh<T>(x);
}
template <class T, bool kRelu>
FOLDGATE_INLINE Vec<T> rnn_backward(Vec<T> h, Vec<T> dh) {
  if constexpr (kRelu) return h > Vec<T>{} ? dh : Vec<T>{};
  return dh * tanh_slope<T>(h);
}

}  // namespace foldgate::FOLDGATE_ISA
