// The engine of direct convolution: a matrix product whose rows are the pixels of an output grid and whose inner
// dimension runs over taps and the channels of each; nothing is unrolled in memory.
//
//   out(n, u)[j] = activation(bias[j] + sum over taps t, k < length of  in(n, u * step + shift_t)[k] * B_t[k][j])
//
// An input position outside of the image reads zeros, or is left out where many are. Groups are products side by side: group g reads channels from
// g * length on and writes columns from g * columns on.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/activation.h"
#include "ops/conv/images.h"
#include "ops/conv/packed.h"

namespace foldgate {

struct Tap {
  int64_t shift[kMaxSpatial];  // along depth, height, width
  int64_t weights;             // where B of the tap begins in the kernel, in elements
};

template <class T>
struct TapGemm {
  int64_t batch = 0;
  int64_t grid[kMaxSpatial] = {1, 1, 1};  // outputs along depth, height, width
  int64_t step[kMaxSpatial] = {1, 1, 1};  // input positions from output to output
  Images<const T> in;
  bool inside = false;  // no tap of any output leaves the image
  bool planes = false;  // in is (N, groups * length, extent) instead, and in.step unused: not of tap_gemm

  int64_t groups = 1, length = 0, columns = 0;  // of one group
  std::vector<Tap> taps;                        // may be empty: the outputs are then the bias, or zero
  const T* weights = nullptr;                   // B_t[k][j] of group g: weights[t.weights + g * group_step
  int64_t k_step = 0, column_step = 0;  //                               + k * k_step + j * column_step]
  int64_t group_step = 0;
  const PackedWeights<T>* packed =
      nullptr;  // of these weights, or null; used where its form is what the engine wants

  T* out = nullptr;
  int64_t out_step[kMaxSpatial + 1] = {};  // as Images::step; the columns of all groups are contiguous
  bool planar = false;                     // out is (N, groups * columns, grid) instead, and out_step unused
  const T* bias = nullptr;                 // (groups * columns,) or null
  Activation activation = Activation::kLinear;
};

// Scratch: the packed weights (as large as B, unless they are read in place), a zero page of one pixel, and for each
// worker the tap pointers (at most kPointerBytes, or one tile's), a block of a panel of B and, with `planar`, the
// outputs of one sweep.
template <class T>
void tap_gemm(const TapGemm<T>& problem);
// The problem's weights for `packed`, whatever its operands; tap_gemm_form says their form alone.
template <class T>
PackedWeights<T> tap_gemm_pack(const TapGemm<T>& problem);
template <class T>
WeightForm tap_gemm_form(const TapGemm<T>& problem);

}  // namespace foldgate
