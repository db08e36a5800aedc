// Bodies of the forward kernels of pool.h.
#pragma once
#include "kernels/pool.h"
#include "kernels/pool_best.h"
#include "kernels/pool_quads.h"
#include "kernels/put.h"
#include "simd/stride.h"

namespace foldgate::FOLDGATE_ISA {

// Rows and taps of a window are few: what counts is to have several independent vectors in flight.
constexpr int kPoolBlock = 4;

// ---- forward, channels contiguous ----

// `Vectors` vectors of channels of one output; `live` channels of the last one.
template <class T, class Tap, int Vectors, bool Whole>
FOLDGATE_INLINE void pixel_block(const PoolForward<T>& row, TapRange range, int64_t offset, int64_t live,
                                 T* y, Tap* taps) {
  Best<T, Tap> best[Vectors];
  FOLDGATE_UNROLL
  for (int v = 0; v < Vectors; ++v) best[v].tap = broadcast_int<T>(row.row_tap[0] + range.first);
  const int64_t step = row.dilation * row.channels;
  for (int64_t r = 0; r < row.rows; ++r) {
    const T* x = row.x[r] + offset + range.first * step;
    for (int32_t j = range.first; j < range.last; ++j, x += step) {
      FOLDGATE_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        fetch_stream(x + v * kLanes<T>);
        meet(best[v], Whole ? load(x + v * kLanes<T>) : load_part(x, live), row.row_tap[r] + j);
      }
    }
  }
  FOLDGATE_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    T* target = y + v * kLanes<T>;
    if (!Whole)
      store_part(target, best[v].value, live);
    else
      store(target, best[v].value);
    store_taps<T>(advance(taps, v * kLanes<T>), best[v].tap, Whole ? kLanes<T> : live);
  }
}

template <class T, class Tap>
FOLDGATE_INLINE void pixels_of(const PoolForward<T>& row, Tap* taps) {
  for (int64_t o = 0; o < row.outputs; ++o) {
    const int64_t offset = (row.position + o * row.stride) * row.channels;
    const TapRange range = row.range[o];
    T* y = row.y.data + o * row.channels;
    Tap* t = advance(taps, o * row.channels);
    int64_t c = 0;
    for (; c + kPoolBlock * kLanes<T> <= row.channels; c += kPoolBlock * kLanes<T>)
      pixel_block<T, Tap, kPoolBlock, true>(row, range, offset + c, 0, y + c, advance(t, c));
    for (; c + kLanes<T> <= row.channels; c += kLanes<T>)
      pixel_block<T, Tap, 1, true>(row, range, offset + c, 0, y + c, advance(t, c));
    if (c == row.channels) continue;
    if (c > 0) {  // the last vector again covers channels that are done
      c = row.channels - kLanes<T>;
      pixel_block<T, Tap, 1, true>(row, range, offset + c, 0, y + c, advance(t, c));
    } else {
      pixel_block<T, Tap, 1, false>(row, range, offset, row.channels, y, t);
    }
  }
}

// Windows of 2 x 2 whose winners nobody asks for. A NaN among four values is one of their sum, as are infinities of both
// signs: then false, for others to look at each of them.
template <class T>
FOLDGATE_INLINE bool quads(const PoolForward<T>& row) {
  // Ranges only fall along a row: all are as the first and the last one.
  const TapRange first = row.range[0], last = row.range[row.outputs - 1];
  const bool pairs = first.last - first.first == 2 && first.first == last.first && first.last == last.last;
  if (!pairs || row.rows != 2 || row.channels % kQuadValues<T> != 0) return false;
  const int64_t step = row.dilation * row.channels, offset = row.position * row.channels + first.first * step;
  Vec<T> seen = {};
  visit_quads<T>(
      {row.x[0] + offset, row.x[1] + offset, row.outputs, row.stride * row.channels, step, row.channels},
      row.y.data, [&](Vec<T> a, Vec<T> b, Vec<T> c, Vec<T> d) FOLDGATE_LAMBDA {
        seen += (a + b) + (c + d);
        return maximum(maximum(d, c), maximum(b, a));
      });
  const T total = sum(seen);
  return total == total;
}

template <class T>
void pixels(const PoolForward<T>& row) {
  if (row.taps.bytes) return pixels_of<T>(row, row.taps.bytes);
  if (row.taps.ints) return pixels_of<T>(row, row.taps.ints);
  if (quads(row)) return;
  pixels_of<T, NoTaps>(row, nullptr);
}

// ---- forward, width contiguous ----

// The taps of a vector of windows in one window row, from p on. Two that follow one another are the even and the odd
// values of windows two apart.
template <class T, class Tap, int Stride, bool Whole>
FOLDGATE_INLINE void meet_line(Best<T, Tap>& best, const PoolForward<T>& row, const T* p, int64_t readable,
                               int32_t tap) {
  int32_t j = 0;
  if constexpr (Stride == 2 && Whole)
    for (; row.dilation == 1 && j + 1 < row.row_taps; j += 2) {
      const EvenOdd<T> v = load_even_odd(p + j);
      meet(best, v.even, tap + j);
      meet(best, v.odd, tap + j + 1);
    }
  for (int64_t at = j * row.dilation; j < row.row_taps; ++j, at += row.dilation)
    meet(best,
         Whole ? load_strided<Stride>(p + at, row.stride)
               : load_strided<Stride>(p + at, row.stride, readable - at),
         tap + j);
}

// Outputs o .. of row i.
template <class T, class Tap, int Stride, bool Whole>
FOLDGATE_INLINE void line_vector(const PoolForward<T>& row, int64_t i, int64_t o, Tap* taps) {
  Best<T, Tap> best;
  IntVec<T> first = {};
  if (row.first) __builtin_memcpy(&first, row.first + o, sizeof first);
  best.tap = first + row.row_tap[0];
  const int64_t begin = i * row.next_line + o * row.stride;
  for (int64_t r = 0; r < row.rows; ++r) {
    const T* p = row.x[r] + begin;
    fetch_stream<kPageAhead>(p);
    fetch_stream<kPageAhead>(p + (Stride == 2 ? kLanes<T> : 0));
    meet_line<T, Tap, Stride, Whole>(best, row, p, row.readable - begin, row.row_tap[r]);
  }
  const int64_t out = i * row.outputs + o;
  put_fetched<T>(row.y, out, best.value, row.outputs - o);
  store_taps<T>(advance(taps, out), best.tap, row.outputs - o);
}

template <class T, class Tap, int Stride>
FOLDGATE_INLINE void lines_by(const PoolForward<T>& row, Tap* taps) {
  const int64_t reach = (kLanes<T> - 1) * row.stride + (row.row_taps - 1) * row.dilation + 1;
  for (int64_t i = 0; i < row.lines; ++i) {
    const int64_t readable = row.readable - i * row.next_line;
    int64_t o = 0;
    for (; o < row.outputs && o * row.stride + reach <= readable; o += kLanes<T>)
      line_vector<T, Tap, Stride, true>(row, i, o, taps);
    for (; o < row.outputs; o += kLanes<T>) line_vector<T, Tap, Stride, false>(row, i, o, taps);
  }
}

template <class T, class Tap>
FOLDGATE_INLINE void lines_of(const PoolForward<T>& row, Tap* taps) {
  if (row.stride == 1) return lines_by<T, Tap, 1>(row, taps);
  if (row.stride == 2) return lines_by<T, Tap, 2>(row, taps);
  if constexpr (kThirdsPay<T>) {
    if (row.stride == 3) return lines_by<T, Tap, 3>(row, taps);
  }
  lines_by<T, Tap, 0>(row, taps);
}

template <class T>
void lines(const PoolForward<T>& row) {
  if (row.taps.bytes) return lines_of<T>(row, row.taps.bytes);
  if (row.taps.ints) return lines_of<T>(row, row.taps.ints);
  lines_of<T, NoTaps>(row, nullptr);
}

// ---- rows that are padded ----

template <class T>
void copy_rows(const T* x, int64_t rows, int64_t n, int64_t x_step, T* y, int64_t y_step) {
  for (int64_t i = 0; i < rows; ++i, x += x_step, y += y_step)
    for (int64_t q = 0; q < n; q += kLanes<T>) {
      fetch_stream(x + q);
      store(y + q, load(x + q, n - q), n - q);
    }
}

}  // namespace foldgate::FOLDGATE_ISA
