// Elementwise activations that ops fuse into their output, and their derivatives in terms of the output y:
//   relu' = [y > 0],  relu6' = [0 < y < 6],  tanh' = 1 - y^2,  sigmoid' = y (1 - y).
#pragma once
#include <cstdint>

namespace foldgate {

enum class Activation { kLinear, kRelu, kTanh, kSigmoid, kRelu6 };

// What kernels do to their results on the way, min(max(0, x), limit): infinity for relu, 6 for relu6; 0 where there is
// neither, and nothing is done.
template <class T>
constexpr T relu_limit(Activation activation) {
  return activation == Activation::kRelu    ? T(__builtin_inf())
         : activation == Activation::kRelu6 ? T(6)
                                            : T(0);
}
// The same of register tiles, whose code tests no more than a byte.
enum Rectifier : unsigned char { kNoRectifier, kRectify, kRectifyToSix };
constexpr Rectifier rectifier(Activation activation) {
  return activation == Activation::kRelu    ? kRectify
         : activation == Activation::kRelu6 ? kRectifyToSix
                                            : kNoRectifier;
}
// Whether it is computed of results that are stored already.
constexpr bool is_curve(Activation activation) {
  return activation == Activation::kTanh || activation == Activation::kSigmoid;
}

template <class T>
struct ActivationKernels {
  // values[i] = f(values[i])
  void (*forward)(Activation, T* values, int64_t n);
  // dx[i] = dy[i] * f'(y[i]); dx may be dy
  void (*backward)(Activation, const T* y, const T* dy, T* dx, int64_t n);
};

}  // namespace foldgate
