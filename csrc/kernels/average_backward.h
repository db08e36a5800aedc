// Bodies of the backward kernels of average.h: shares of dy, and the sums of those that hold a position.
#pragma once
#include "kernels/average.h"
#include "kernels/put.h"
#include "simd/stride.h"

namespace foldgate::FOLDGATE_ISA {

template <class T>
void shares(const ShareRows<T>& rows, T* target) {
  const bool single = rows.pixel == 1;
  const int64_t lines = single ? 1 : rows.outputs, n = single ? rows.outputs : rows.pixel;
  for (int64_t o = 0; o < lines; ++o) {
    const Vec<T> shared = broadcast<T>(rows.output_factor[o]);
    for (int64_t i = 0; i < n; i += kLanes<T>) {
      Vec<T> sum = {};
      for (int64_t r = 0; r < rows.rows; ++r)
        sum += load(rows.dy[r] + o * n + i, n - i) * broadcast<T>(rows.row_factor[r]);
      const Vec<T> factor = single ? load(rows.output_factor + i, n - i) : shared;
      store(target + o * n + i, sum * factor, n - i);
    }
  }
}

template <class T>
void gather(const WindowHolders* holders, int64_t step, int64_t columns, int64_t pixel, const T* shares,
            T* dx) {
  for (int64_t q = 0; q < columns; ++q, dx += pixel) {
    const int64_t first = holders[q].first, last = holders[q].last;
    if (pixel == 1) {
      T sum = 0;
      for (int64_t o = first; o <= last; o += step) sum += shares[o];
      *dx = sum;
      continue;
    }
    for (int64_t c = 0; c < pixel; c += kLanes<T>) {
      fetch_stream(dx + c);
      Vec<T> sum = {};
      for (int64_t o = first; o <= last; o += step) sum += load(shares + o * pixel + c, pixel - c);
      store(dx + c, sum, pixel - c);
    }
  }
}

// Slot v of a stride of 2 holds positions 2 v - before and 2 v + 1 - before: taps 0, 2, ... of windows v, v - 1, ... meet
// the first, taps 1, 3, ... the second.
template <int Stride, class T>
FOLDGATE_INLINE void slots(const LineHolders& h, int64_t v, const T* shares, T* target) {
  Vec<T> even = {}, odd = {};
  for (int64_t t = 0; t < h.taps; t += Stride) {
    const T* p = shares + v - t / Stride * h.dilation;
    even += load(p);
    if (Stride == 2 && t + 1 < h.taps) odd += load(p);
  }
  if constexpr (Stride == 1)
    store(target, even);
  else
    store_interleaved<T>(target, even, odd);
}

template <int Stride, class T>
void gather_slots(const LineHolders& h, const T* shares, T* dx) {
  constexpr int64_t kWide = Stride * kLanes<T>;
  const int64_t columns = h.end - h.begin;
  const int64_t first = (h.begin + h.before) / Stride, skip = (h.begin + h.before) % Stride;
  for (int64_t v = first, q = -skip; q < columns; v += kLanes<T>, q += kWide) {
    if (q >= 0 && q + kWide <= columns) {
      slots<Stride>(h, v, shares, dx + q);
      continue;
    }
    T held[2 * kWide] = {};  // slots that stand out of the row; a vector more may be loaded
    slots<Stride>(h, v, shares, held);
    const int64_t from = q < 0 ? -q : 0, to = kWide < columns - q ? kWide : columns - q;
    for (int64_t i = from; i < to; i += kLanes<T>) store(dx + q + i, load(held + i), to - i);
  }
}

template <class T>
void gather_lines(const LineHolders& holders, const T* shares, T* dx) {
  holders.stride == 1 ? gather_slots<1>(holders, shares, dx) : gather_slots<2>(holders, shares, dx);
}

}  // namespace foldgate::FOLDGATE_ISA
