// The cells of recurrent ops with options, row by row after their products: any function for each gate, peepholes,
// clipping, coupled gates. Sums before the functions are what is saved, so that any function's derivative can be had.
//
//   LSTM  i, f, o = A(.),  g = B(.),  c' = f c + i g,  m = o C(c')      coupled: f = 1 - i
//         with peepholes i and f see p c, o sees p c'
//   GRU   z, r = A(.),  n = B(.),  h' = (1 - z) n + z h                 RNN  h' = A(.)
//
// With clip, the gates' sums, which A and B (and the RNN's A) are given, are held within [-clip, clip]; C's argument is
// not, which is how ONNX Runtime reads ONNX's clip.
#pragma once
#include <cstdint>

#include "kernels/recurrent.h"

namespace foldgate {

enum class GateKind {
  kLinear,
  kRelu,
  kTanh,
  kSigmoid,
  kAffine,           // alpha x + beta
  kLeakyRelu,        // x, alpha x below 0
  kThresholdedRelu,  // x above alpha, else 0
  kScaledTanh,       // alpha tanh(beta x)
  kHardSigmoid,      // alpha x + beta within 0 and 1
  kElu,              // x, alpha (e^x - 1) below 0
  kSoftsign,         // x / (1 + |x|)
  kSoftplus          // log(1 + e^x)
};

struct GateFunction {
  GateKind kind = GateKind::kLinear;
  double alpha = 0, beta = 0;
};

struct GateFunctions {
  GateFunction gate, candidate, output;  // A, B, C
  double clip = 0;                       // infinity: none
  bool coupled = false;
};

// Rows [begin, end). A row of `saved` is, in parts of U: LSTM i f g o sums, c'; kGru z r sums, x's part of n, h's part
// of n; kGruBefore z r n sums; RNN its sum. Forward finds the products with x there and adds `recurrent`.
template <class T>
struct GenericCell {
  GateFunctions functions;
  int64_t units = 0, begin = 0, end = 0;
  const T* peephole = nullptr;  // LSTM (3, U): of i, f, o; null: none
  T* saved = nullptr;
  int64_t saved_step = 0;
  const T* recurrent = nullptr;  // h's products, of this phase's gates alone
  int64_t recurrent_step = 0;
  T* c = nullptr;        // LSTM (rows, U), in place
  T* h = nullptr;        // GRU and RNN (rows, U), in place; LSTM: m goes here
  T* reset_h = nullptr;  // kGruBefore (rows, U): r h, from the first phase to the second
};

// Rows [begin, end) of a step back. dgates, in parts of U: LSTM i f g o; kGru z r n, and dn r, which faces h; kGruBefore
// z r n; RNN one. kGruBefore's phases come in turn: the candidate, then, with dreset_h = dn Rn^T, the gates.
template <class T>
struct GenericGradient {
  GateFunctions functions;
  int64_t units = 0, begin = 0, end = 0;
  const T* peephole = nullptr;
  const T* saved = nullptr;
  int64_t saved_step = 0;
  const T* const* c_before = nullptr;  // LSTM: a pointer a row
  const T* h_before = nullptr;         // GRU (rows, U)
  T* dh = nullptr;  // (rows, U): LSTM of m, read; GRU: on return what does not pass through a product
  T* dc = nullptr;  // LSTM (rows, U), in place
  T* dgates = nullptr;
  int64_t dgates_step = 0;
  T* m = nullptr;  // LSTM (rows, U): o C(c'), for the projection's gradient; null: not wanted
  const T* dreset_h = nullptr;
  T* reset_h = nullptr;  // written: r h
};

template <class T>
struct GenericKernels {
  void (*forward)(Phase, const GenericCell<T>&);
  void (*backward)(Phase, const GenericGradient<T>&);
  void (*add)(T* target, const T* source, int64_t n);                 // target += source
  void (*add_product)(T* target, const T* a, const T* b, int64_t n);  // target += a b
};

}  // namespace foldgate
