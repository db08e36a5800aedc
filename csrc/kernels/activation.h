// Elementwise activations that ops fuse into their output, and their derivatives in terms of the output y:
//   relu' = [y > 0],  tanh' = 1 - y^2,  sigmoid' = y (1 - y).
#pragma once
#include <cstdint>

namespace foldgate {

enum class Activation { kLinear, kRelu, kTanh, kSigmoid };

template <class T>
struct ActivationKernels {
  // values[i] = f(values[i])
  void (*forward)(Activation, T* values, int64_t n);
  // dx[i] = dy[i] * f'(y[i]); dx may be dy
  void (*backward)(Activation, const T* y, const T* dy, T* dx, int64_t n);
};

}  // namespace foldgate
