// Activations by their definition, in double.
#pragma once
#include <cmath>

#include "kernels/activation.h"

namespace foldgate::test {

inline double activated(Activation activation, double x) {
  switch (activation) {
    case Activation::kRelu: return x > 0 ? x : 0;
    case Activation::kRelu6: return x > 6 ? 6 : x > 0 ? x : 0;
    case Activation::kTanh: return std::tanh(x);
    case Activation::kSigmoid: return 1 / (1 + std::exp(-x));
    default: return x;
  }
}

// dy where relu or relu6 passed the value on that became y, else 0; dy itself without either.
inline double rectified_gradient(Activation activation, double y, double dy) {
  if (activation != Activation::kRelu && activation != Activation::kRelu6) return dy;
  return y > 0 && !(activation == Activation::kRelu6 && y >= 6) ? dy : 0;
}

}  // namespace foldgate::test
