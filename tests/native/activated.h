// Activations by their definition, in double.
#pragma once
#include <cmath>

#include "kernels/activation.h"

namespace foldgate::test {

inline double activated(Activation activation, double x) {
  switch (activation) {
    case Activation::kRelu: return x > 0 ? x : 0;
    case Activation::kTanh: return std::tanh(x);
    case Activation::kSigmoid: return 1 / (1 + std::exp(-x));
    default: return x;
  }
}

}  // namespace foldgate::test
