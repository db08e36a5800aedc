// Bodies of the backward kernels of pool.h.
#pragma once
#include "kernels/pool.h"
#include "kernels/pool_taps.h"

namespace foldgate::FOLDGATE_ISA {

constexpr int kPoolBackwardBlock = 4;

template <class Tap>
struct Winners;  // of one row, whichever of the two pointers holds them
template <>
struct Winners<uint8_t> {
  template <class T>
  static FOLDGATE_LAMBDA const uint8_t* of(const PoolBackward<T>& row, int64_t r) {
    return row.bytes[r];
  }
};
template <>
struct Winners<int32_t> {
  template <class T>
  static FOLDGATE_LAMBDA const int32_t* of(const PoolBackward<T>& row, int64_t r) {
    return row.ints[r];
  }
};

// `Vectors` vectors of channels of one position, from channel c on; `live` channels of a part of a vector.
template <class T, class Tap, int Vectors, bool Whole>
FOLDGATE_INLINE void pixel_gradient(const PoolBackward<T>& row, const WindowHits& hits, int64_t c,
                                    int64_t live, T* dx) {
  Vec<T> sum[Vectors] = {};
  for (int64_t r = 0; r < row.rows; ++r) {
    const int64_t step = -row.output_step * row.channels;
    const T* dy = row.dy[r] + hits.output * row.channels + c;
    const Tap* winners = Winners<Tap>::of(row, r) + hits.output * row.channels + c;
    int64_t tap = row.row_tap[r] + hits.tap;
    for (int32_t i = 0; i < hits.count; ++i, dy += step, winners += step, tap += row.tap_step) {
      FOLDGATE_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        const IntVec<T> winner = load_taps<T>(winners + v * kLanes<T>, Whole ? kLanes<T> : live);
        const Vec<T> d = Whole ? load(dy + v * kLanes<T>) : load_part(dy, live);
        sum[v] += winner == broadcast_int<T>(static_cast<LaneInt<T>>(tap)) ? d : Vec<T>{};
      }
    }
  }
  FOLDGATE_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    if (!Whole)
      store_part(dx, sum[v], live);
    else
      store(dx + v * kLanes<T>, sum[v]);
  }
}

template <class T, class Tap>
FOLDGATE_INLINE void pixels_backward_of(const PoolBackward<T>& row) {
  constexpr int64_t kWidth = kPoolBackwardBlock * kLanes<T>;
  for (int64_t i = 0; i < row.columns; ++i) {
    const WindowHits hits = row.hits[i];
    T* dx = row.dx + i * row.channels;
    int64_t c = 0;
    for (; c + kWidth <= row.channels; c += kWidth)
      pixel_gradient<T, Tap, kPoolBackwardBlock, true>(row, hits, c, 0, dx + c);
    for (; c + kLanes<T> <= row.channels; c += kLanes<T>)
      pixel_gradient<T, Tap, 1, true>(row, hits, c, 0, dx + c);
    if (c == row.channels) continue;
    if (c > 0) {  // the last vector again covers channels that are done
      c = row.channels - kLanes<T>;
      pixel_gradient<T, Tap, 1, true>(row, hits, c, 0, dx + c);
    } else {
      pixel_gradient<T, Tap, 1, false>(row, hits, 0, row.channels, dx);
    }
  }
}

template <class T>
void pixels_backward(const PoolBackward<T>& row) {
  row.bytes ? pixels_backward_of<T, uint8_t>(row) : pixels_backward_of<T, int32_t>(row);
}

// ---- windows apart: an output's channels are read once for all its columns ----

template <class T>
FOLDGATE_INLINE void zero_columns(const PoolBackward<T>& row, int64_t begin, int64_t end) {
  T* dx = row.dx + begin * row.channels;
  const int64_t n = (end - begin) * row.channels;
  int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) store(dx + i, Vec<T>{});
  if (i < n) store_part(dx + i, Vec<T>{}, n - i);
}

template <class T, class Tap, int Vectors, bool Whole>
FOLDGATE_INLINE void spread_gradient(const PoolBackward<T>& row, TapRange taps, int64_t o, int64_t c,
                                     int64_t live) {
  const int64_t at = o * row.channels + c;
  Vec<T> d[Vectors];
  IntVec<T> winner[Vectors];
  FOLDGATE_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    d[v] = Whole ? load(row.dy[0] + at + v * kLanes<T>) : load_part(row.dy[0] + at, live);
    winner[v] = load_taps<T>(Winners<Tap>::of(row, 0) + at + v * kLanes<T>, Whole ? kLanes<T> : live);
  }
  T* dx = row.dx + (row.position + o * row.stride + taps.first * row.dilation) * row.channels + c;
  for (int32_t j = taps.first; j < taps.last; ++j, dx += row.dilation * row.channels) {
    const IntVec<T> tap = broadcast_int<T>(row.row_tap[0] + j);
    FOLDGATE_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const Vec<T> value = winner[v] == tap ? d[v] : Vec<T>{};
      if (!Whole)
        store_part(dx, value, live);
      else
        store(dx + v * kLanes<T>, value);
    }
  }
}

template <class T, class Tap>
FOLDGATE_INLINE void pixels_apart_of(const PoolBackward<T>& row) {
  constexpr int64_t kWidth = kPoolBackwardBlock * kLanes<T>;
  int64_t done = 0;  // columns
  for (int64_t o = 0; o < row.outputs; ++o) {
    TapRange taps = row.range[o];
    const int64_t start = row.position + o * row.stride;
    while (taps.first < taps.last && start + taps.first * row.dilation < 0) ++taps.first;
    while (taps.first < taps.last && start + (taps.last - 1) * row.dilation >= row.columns) --taps.last;
    for (int32_t j = taps.first; j < taps.last; ++j) {
      const int64_t column = start + j * row.dilation;
      if (done < column) zero_columns(row, done, column);
      done = column + 1;
    }
    int64_t c = 0;
    for (; c + kWidth <= row.channels; c += kWidth)
      spread_gradient<T, Tap, kPoolBackwardBlock, true>(row, taps, o, c, 0);
    for (; c + kLanes<T> <= row.channels; c += kLanes<T>)
      spread_gradient<T, Tap, 1, true>(row, taps, o, c, 0);
    if (c == row.channels) continue;
    if (c > 0)
      spread_gradient<T, Tap, 1, true>(row, taps, o, row.channels - kLanes<T>, 0);
    else
      spread_gradient<T, Tap, 1, false>(row, taps, o, 0, row.channels);
  }
  if (done < row.columns) zero_columns(row, done, row.columns);
}

template <class T>
void pixels_apart_backward(const PoolBackward<T>& row) {
  row.bytes ? pixels_apart_of<T, uint8_t>(row) : pixels_apart_of<T, int32_t>(row);
}

}  // namespace foldgate::FOLDGATE_ISA
