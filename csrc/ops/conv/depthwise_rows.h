// A depthwise convolution over an output grid, row by row: forward, and each stride phase of backward to the input.
//   out(n, u)[c] = activation(bias[c] + sum over taps t of  in(n, u * step + shift_t)[c] * weights_t[c])
#pragma once
#include <vector>

#include "ops/conv/tap_gemm.h"

namespace foldgate {

// Fields as there; `columns` are the channels, taps[t].weights is where tap t's begin. Taps of one kernel
// row stand together.
template <class T>
void depthwise_rows(const TapGemm<T>& problem);

}  // namespace foldgate
