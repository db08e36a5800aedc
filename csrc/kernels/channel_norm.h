// Normalisation by channels: statistics, their use, and the sums that gradients need. Values of a channel are either
// contiguous (planes) or a column of a row-major matrix.
#pragma once
#include "kernels/stream.h"

namespace foldgate {

// What is done to the values of a channel, with d = dy f'(y) and f the identity or relu:
//   y  = f((x - mean) scale + shift)
//   dx = d scale + (x - mean) slope + offset
template <class T>
struct NormTerms {
  T mean, scale, shift, slope, offset;
};
// The same for columns: one of each for every column. Backward alone reads slope and offset.
template <class T>
struct NormColumns {
  const T *mean, *scale, *shift, *slope, *offset;
};

struct NormMode {
  bool relu;
  bool constant;  // the statistics do not depend on x: dx = d scale
};

template <class T>
struct ChannelNormKernels {
  // mean, and m2 = sum of (x - mean)^2, of n values
  void (*moments)(const T* x, int64_t n, T* mean, T* m2);
  // The same of every column of x (rows, width). Deviations are taken from the first row: as that is one of the values,
  // m2 loses at most a factor of rows + 1 to cancellation.
  void (*column_moments)(const T* x, int64_t rows, int64_t width, T* mean, T* m2);
  // Those of the columns of several matrices together, from means and m2s (parts, width) and their shares[p] of all rows
  void (*merge_columns)(const T* means, const T* m2s, const T* shares, T rows, int64_t parts, int64_t width,
                        T* mean, T* m2);

  // `next`: n values that are read soon, and fetched meanwhile
  void (*normalize)(const T* x, int64_t n, const T* next, const NormTerms<T>&, bool relu, Target<T> y);
  // n values of a matrix of `width` columns, its last row perhaps not whole
  void (*normalize_columns)(const T* x, int64_t n, int64_t width, const NormColumns<T>&, bool relu,
                            Target<T> y);

  // sums[0] = sum of d, sums[1] = sum of d (x - mean)
  void (*sums)(const T* dy, const T* x, int64_t n, const NormTerms<T>&, bool relu, T* sums);
  void (*column_sums)(const T* dy, const T* x, int64_t rows, int64_t width, const NormColumns<T>&, bool relu,
                      T* d_sums, T* dx_sums);
  void (*gradient)(const T* dy, const T* x, int64_t n, const NormTerms<T>&, NormMode, Target<T> dx);
  void (*gradient_columns)(const T* dy, const T* x, int64_t n, int64_t width, const NormColumns<T>&, NormMode,
                           Target<T> dx);
};

}  // namespace foldgate
