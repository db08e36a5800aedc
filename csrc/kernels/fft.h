// Fourier transforms of `lanes` complex sequences side by side, one a lane, for convolution:
//
//   X[f] = sum over t < size of  x[t] exp(-2 pi i f t / size)
//
// data: [size][2][lanes], the real parts of a position and then the imaginary ones. size is a power of two. forward()
// leaves the frequencies in the order in which they fall out, the last digit to base 4 first; what is done with spectra
// here is done frequency by frequency, in any order, and inverse() begins from that one.
#pragma once
#include <cstdint>

namespace foldgate {

// to[i][j] = [to[i][j] +] bias[j] + scale * from[i][j],  i < rows, j < width <= lanes. Steps from row to row.
template <class T>
struct FftRows {
  const T* from;
  int64_t from_step;
  T* to;
  int64_t to_step;
  int64_t rows, width;
  T scale = 1;
  const T* bias = nullptr;  // (width,) or null
  bool accumulate = false;
};

template <class T>
struct FftKernels {
  int lanes;
  // In place. roots: of the size, as fft_roots.h lays them out. inverse() does not divide by the size.
  void (*forward)(T* data, int64_t size, const T* roots);
  void (*inverse)(T* data, int64_t size, const T* roots);
  // data[f] *= factor[f], lane by lane
  void (*multiply)(T* data, const T* factor, int64_t size);
  // sum[f] (+)= x[f] * conj(y[f]), lane by lane
  void (*correlate)(const T* x, const T* y, int64_t size, bool accumulate, T* sum);
  // The rows of a real product that stand for a complex one: target[f] = (-im, re, im) of data[f], 3 * lanes; with
  // `conjugate` of its conjugate, (im, re, -im). step: from f to f + 1.
  void (*triples)(const T* data, int64_t size, bool conjugate, T* target, int64_t step);
  void (*rows)(const FftRows<T>&);
};

}  // namespace foldgate
