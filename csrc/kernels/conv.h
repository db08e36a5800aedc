// What convolution needs besides the GEMM tiles: pointers of taps, sums and scans.
#pragma once
#include <cstdint>

#include "kernels/gemm.h"

namespace foldgate {

// The pixels of a tile: where each output's window stands in the input. `address` is of the position itself, as an
// integer, since it may lie outside of the image.
struct TilePixels {
  alignas(64) int64_t position[3][kRowPointers];
  alignas(64) int64_t address[kRowPointers];
};

// A tap relative to the window's position: along depth, height and width, and in bytes.
struct TapShift {
  int64_t axis[3];
  int64_t bytes;
};

template <class T>
struct ConvKernels {
  // rows[t * kRowPointers + i]: where tap t of pixel i reads, `zero` where that is outside of `extent`.
  void (*tap_pointers)(const TilePixels&, const TapShift* taps, int64_t count, const int64_t* extent,
                       const T* zero, const T** rows);
  // The same where no tap of any pixel leaves the image.
  void (*inner_pointers)(const TilePixels&, const TapShift* taps, int64_t count, const T** rows);

  // `count` stretches of n: target[i * target_step + j] = source[i * source_step + j].
  void (*copy_stretches)(const T* source, int64_t source_step, int64_t count, int64_t n, T* target,
                         int64_t target_step);
  // sums[j] = sum over rows of values[row * step + j], added to what is there with `accumulate`.
  void (*column_sums)(const T* values, int64_t rows, int64_t columns, int64_t step, bool accumulate, T* sums);
  // target[i] += source[i]
  void (*add)(T* target, const T* source, int64_t n);
  // The sum of n values; values[i] = f(values[i] + bias), f as by relu_limit()
  T (*total)(const T* values, int64_t n);
  void (*add_bias)(T* values, int64_t n, T bias, T limit);
  // Whether no value is an infinity or a NaN.
  bool (*all_finite)(const T* values, int64_t n);
};

}  // namespace foldgate
