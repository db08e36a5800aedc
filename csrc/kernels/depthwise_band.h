// Bands of a depthwise convolution (depthwise.h), and what their outputs share with those of single rows. Every output is
// one chain over the taps in their order.
#pragma once
#include "kernels/channels.h"
#include "kernels/depthwise.h"
#include "kernels/put.h"
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

// A function of its own: in the place of its call it would take registers from the sums before it.
template <class T, int P>
[[gnu::noinline]] static void finish_past_cache(const Vec<T> (&sum)[P], T* y, int64_t y_step) {
  FOLDGATE_UNROLL
  for (int p = 0; p < P; ++p) store_past_cache(y + p * y_step, sum[p]);
}

template <bool kWhole, class T, int P>
FOLDGATE_INLINE void finish(Vec<T> (&sum)[P], T limit, Target<T> y, int64_t y_step, int64_t live) {
  if (limit != 0) {
    FOLDGATE_UNROLL
    for (int p = 0; p < P; ++p) sum[p] = clamp<T>(T(0), limit, sum[p]);
  }
  if constexpr (kWhole && kStoresPastCache) {
    if (__builtin_expect(y.past_cache, false)) {
      Vec<T> copy[P];
      FOLDGATE_UNROLL
      for (int p = 0; p < P; ++p) copy[p] = sum[p];
      return finish_past_cache<T, P>(copy, y.data, y_step);
    }
  }
  FOLDGATE_UNROLL
  for (int p = 0; p < P; ++p) store_channels<kWhole>(y.data + p * y_step, sum[p], live);
}

template <bool kWhole, class T>
FOLDGATE_INLINE Vec<T> start(const T* bias, int64_t c, int64_t live) {
  return bias ? load_channels<kWhole>(bias + c, live) : Vec<T>{};
}

// Columns of a band: kDepthwiseRows * kBandOutputs sums, the last Size inputs, and with 32 registers 9 weights.
constexpr int kBandOutputs = kRegisters >= 32 ? 3 : 2;

template <class T, int P>
using BandSums = Vec<T>[kDepthwiseRows][P];

// An input is loaded once, and used in up to 3 rows and 3 columns; with 32 registers the weights stay there.
template <bool kWhole, class T, int P>
FOLDGATE_INLINE void sum_window(const DepthwiseBand<T>& band, const T* x, int64_t c, int64_t live,
                                BandSums<T, P>& sum) {
  FOLDGATE_UNROLL
  for (int i = 0; i < kDepthwiseRows + 2; ++i) {
    const T* from = x + i * band.x_row;
    Vec<T> in[3];  // the last ones: output q - 2 has all of its own
    FOLDGATE_UNROLL
    for (int q = 0; q < P + 2; ++q) {
      in[q % 3] = load_channels<kWhole>(from + q * band.x_step, live);
      if (q < 2) continue;
      FOLDGATE_UNROLL
      for (int r = 0; r < kDepthwiseRows; ++r) {
        if (i < r || i - r >= 3) continue;
        FOLDGATE_UNROLL
        for (int j = 0; j < 3; ++j)
          sum[r][q - 2] +=
              load_channels<kWhole>(band.weights[(i - r) * 3 + j] + c, live) * in[(q - 2 + j) % 3];
      }
    }
  }
}

// Rows `rows` below those of x and on, P columns of them: loads of a band are of as many streams as it has rows, each of a
// few hundred bytes at a time, which no prefetcher of a machine follows.
template <class T, int P>
FOLDGATE_INLINE void fetch_rows(const T* x, int64_t rows, int64_t x_row, int64_t x_step) {
  FOLDGATE_UNROLL
  for (int r = 0; r < kDepthwiseRows; ++r) {
    FOLDGATE_UNROLL
    for (int p = 0; p < P; ++p) __builtin_prefetch(x + (rows + r) * x_row + p * x_step, 0, 2);
  }
}

// P outputs of every row of a band, from v on, of the vector of channels at c.
template <bool kWhole, class T, int P>
FOLDGATE_INLINE void band_outputs(const DepthwiseBand<T>& band, int64_t v, int64_t c, int64_t live) {
  const T* x = band.x + v * band.x_step + c;
  const Target<T> y = band.y + (v * band.y_step + c);
  if (band.fetches) fetch_rows<T, P>(x, kDepthwiseRows + 2, band.x_row, band.x_step);
  BandSums<T, P> sum;
  FOLDGATE_UNROLL
  for (int r = 0; r < kDepthwiseRows; ++r) {
    FOLDGATE_UNROLL
    for (int p = 0; p < P; ++p) sum[r][p] = start<kWhole>(band.bias, c, live);
  }
  sum_window<kWhole, T, P>(band, x, c, live, sum);
  FOLDGATE_UNROLL
  for (int r = 0; r < kDepthwiseRows; ++r)
    finish<kWhole, T, P>(sum[r], band.limit, y + r * band.y_row, band.y_step, live);
}

template <class T>
static void band(const DepthwiseBand<T>& band) {
  int64_t v = 0;
  for (; v + kBandOutputs <= band.outputs; v += kBandOutputs)
    for_channels<T>(band.channels, [&](auto whole, int64_t c, int64_t live) FOLDGATE_LAMBDA {
      band_outputs<decltype(whole)::value, T, kBandOutputs>(band, v, c, live);
    });
  for (; v < band.outputs; ++v)
    for_channels<T>(band.channels, [&](auto whole, int64_t c, int64_t live) FOLDGATE_LAMBDA {
      band_outputs<decltype(whole)::value, T, 1>(band, v, c, live);
    });
}

}  // namespace foldgate::FOLDGATE_ISA
