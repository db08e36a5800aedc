// Moving matrices between layouts: copies, zero fills and transposes, whole vectors at a time.
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

template <class T>
FOLDGATE_INLINE void copy(T* target, const T* source, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) store(target + i, load(source + i));
  if (i < n) store_part(target + i, load_part(source + i, n - i), n - i);
}

template <class T>
FOLDGATE_INLINE void fill_zero(T* target, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes<T>) store(target + i, Vec<T>{}, n - i);
}

// One block of up to kLanes x kLanes: target[c * target_step + r] = source[r * source_step + c].
template <class T>
FOLDGATE_INLINE void transpose_block(const T* source, int64_t source_step, int64_t rows, int64_t columns,
                                     T* target, int64_t target_step) {
  Vec<T> v[kLanes<T>];
  if (rows >= kLanes<T> && columns >= kLanes<T>) {
    FOLDGATE_UNROLL
    for (int i = 0; i < kLanes<T>; ++i) {
      v[i] = load(source + i * source_step);
      __builtin_prefetch(source + i * source_step +
                         4 * kLanes<T>);  // many short streams: the hardware loses them
    }
    transpose(v);
    FOLDGATE_UNROLL
    for (int i = 0; i < kLanes<T>; ++i) {
      store(target + i * target_step, v[i]);
      __builtin_prefetch(target + i * target_step + 4 * kLanes<T>, 1);  // or every store waits for its line
    }
    return;
  }
  FOLDGATE_UNROLL
  for (int i = 0; i < kLanes<T>; ++i) v[i] = i < rows ? load(source + i * source_step, columns) : Vec<T>{};
  transpose(v);
  FOLDGATE_UNROLL
  for (int i = 0; i < kLanes<T>; ++i)
    if (i < columns) store(target + i * target_step, v[i], rows);
}

template <class T>
void transpose_matrix(const T* source, int64_t source_step, int64_t rows, int64_t columns, T* target,
                      int64_t target_step) {
  for (int64_t c = 0; c < columns; c += kLanes<T>)
    for (int64_t r = 0; r < rows; r += kLanes<T>)
      transpose_block(source + r * source_step + c, source_step, rows - r, columns - c,
                      target + c * target_step + r, target_step);
}

}  // namespace foldgate::FOLDGATE_ISA
