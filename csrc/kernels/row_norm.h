// Normalisation of rows, each by its own statistics, with a factor and a term for every column.
#pragma once
#include <cstdint>

#include "kernels/stream.h"

namespace foldgate {

template <class T>
struct RowNorm {
  int64_t width;
  const T* gamma;  // (width,)
  const T* beta;   // (width,); not read where rows are not centred
  T epsilon;
  bool centred;  // layer norm; else the mean is taken as 0 (rms norm) and `mean` is neither read nor written
};

// Arrays are (rows, width), and one value a row for the statistics.
template <class T>
struct RowNormKernels {
  // y = xhat gamma + beta,  xhat = (x - mean) rstd,  rstd = 1 / sqrt(variance + epsilon)
  void (*forward)(const RowNorm<T>&, const T* x, int64_t rows, Target<T> y, T* mean, T* rstd);
  // dx = rstd (g - mean(g) - xhat mean(g xhat)), g = dy gamma;  dgamma += sum of dy xhat, dbeta += sum of dy. Where
  // rows are not centred there is no mean(g), and no dbeta.
  void (*backward)(const RowNorm<T>&, const T* dy, const T* x, const T* mean, const T* rstd, int64_t rows,
                   Target<T> dx, T* dgamma, T* dbeta);
};

}  // namespace foldgate
