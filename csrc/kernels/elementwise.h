// Functions of one value, over contiguous arrays, and the product of a gradient with their derivative.
#pragma once
#include <cstdint>

#include "kernels/stream.h"

namespace foldgate {

// Those up to kSoftplus have their derivative from the result y, the others from x. `a` is the parameter.
enum class Elementwise {
  kExp,
  kTanh,
  kSigmoid,
  kRelu,
  kRelu6,
  kLeakyRelu,  // x > 0 ? x : a x, a >= 0
  kElu,        // x > 0 ? x : a (e^x - 1), a >= 0
  kSelu,
  kHardSigmoid,  // clip(x + 3, 0, 6) / 6
  kLogSigmoid,   // -log(1 + e^-x)
  kSoftplus,     // log(1 + e^x)
  kLog,
  kErf,
  kGelu,      // x (1 + erf(x / sqrt 2)) / 2
  kGeluTanh,  // x sigmoid(2 sqrt(2 / pi) (x + .044715 x^3))
  kSilu,      // x sigmoid(x)
  kHardSilu,  // x hard_sigmoid(x)
  kMish,      // x tanh(softplus(x))
  kSoftsign,  // x / (1 + |x|)
};
constexpr int kElementwiseFunctions = static_cast<int>(Elementwise::kSoftsign) + 1;

template <class T>
struct ElementwiseKernels {
  // y[i] = f(x[i]); y may be x
  using Forward = void (*)(T a, const T* x, int64_t n, Target<T> y);
  // dx[i] = dy[i] f'(x[i]), from v = y or x; dx may be dy or v
  using Backward = void (*)(T a, const T* dy, const T* v, int64_t n, Target<T> dx);
  Forward forward[kElementwiseFunctions];  // by Elementwise
  Backward backward[kElementwiseFunctions];
};

}  // namespace foldgate
