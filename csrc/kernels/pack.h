// Moving matrices between layouts: copies, zero fills and transposes, whole vectors at a time.
#pragma once
#include "simd/transpose.h"

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

// p itself, as a value that the compiler knows nothing of: it keeps one pointer that moves from row to row, rather than an
// address for each of 32 rows, most of them in memory.
template <class T>
FOLDGATE_INLINE T* opaque(T* p) {
  __asm__("" : "+r"(p));
  return p;
}

// A block of kLanes x kLanes, or of `rows` and `columns` less: target[c * target_step + r] = source[r * source_step + c].
template <bool kAllRows, bool kAllColumns, class T>
FOLDGATE_INLINE void transpose_block(const T* source, int64_t source_step, int64_t rows, int64_t columns,
                                     T* target, int64_t target_step) {
  Vec<T> v[kLanes<T>];
  FOLDGATE_UNROLL
  for (int i = 0; i < kLanes<T>; ++i, source = opaque(source + source_step)) {
    v[i] = Vec<T>{};
    if (!kAllRows && i >= rows) continue;
    if constexpr (kAllColumns) {
      v[i] = load(source);
      __builtin_prefetch(source + 4 * kLanes<T>);  // many short streams: the hardware loses them
    } else {
      v[i] = load_part(source, columns);
    }
  }
  transpose<T>(v);
  FOLDGATE_UNROLL
  for (int i = 0; i < kLanes<T>; ++i, target = opaque(target + target_step)) {
    if (!kAllColumns && i >= columns) return;
    if constexpr (kAllRows) {
      store(target, v[i]);
      __builtin_prefetch(target + 4 * kLanes<T>, 1);  // or every store waits for its line
    } else {
      store_part(target, v[i], rows);
    }
  }
}

template <bool kAllColumns, class T>
FOLDGATE_INLINE void transpose_columns(const T* source, int64_t source_step, int64_t rows, int64_t columns,
                                       T* target, int64_t target_step) {
  int64_t r = 0;
  for (; r + kLanes<T> <= rows; r += kLanes<T>)
    transpose_block<true, kAllColumns>(source + r * source_step, source_step, 0, columns, target + r,
                                       target_step);
  if (r < rows)
    transpose_block<false, kAllColumns>(source + r * source_step, source_step, rows - r, columns, target + r,
                                        target_step);
}

// Rows of a target that are pages apart share a set of L1, and 16 of them push one another out of it: half a block at a
// time goes down a piece of the source, which stays in cache for the other half.
constexpr int64_t kPageBytes = 4096;
constexpr int64_t kSameSetRows = 8;
constexpr int64_t kPieceRows = 128;

template <class T>
void transpose_to_pages(const T* source, int64_t source_step, int64_t rows, int64_t columns, T* target,
                        int64_t target_step) {
  for (int64_t block = 0; block < columns; block += kLanes<T>)
    for (int64_t r = 0; r < rows; r += kPieceRows)
      for (int64_t c = block; c < columns && c < block + kLanes<T>; c += kSameSetRows)
        transpose_columns<false>(source + r * source_step + c, source_step,
                                 rows - r < kPieceRows ? rows - r : kPieceRows,
                                 columns - c < kSameSetRows ? columns - c : kSameSetRows,
                                 target + c * target_step + r, target_step);
}

// Vector J of the R that R rows make side by side, as the channels of pixels: value i of all is i / R of row i % R.
template <class T, int R, int J, int... I>
FOLDGATE_INLINE Vec<T> beside(const Vec<T> (&rows)[R], Indices<I...>) {
  constexpr int kFirst = J * kLanes<T>;
  const auto of_row = [](int row, int i, int kept) constexpr {
    return (kFirst + i) % R == row ? kLanes<T> + (kFirst + i) / R : kept;
  };
  Vec<T> v = __builtin_shufflevector(rows[0], rows[1], of_row(1, I, (kFirst + I) / R)...);
  if constexpr (R > 2) v = __builtin_shufflevector(v, rows[2], of_row(2, I, I)...);
  if constexpr (R > 3) v = __builtin_shufflevector(v, rows[3], of_row(3, I, I)...);
  return v;
}
template <class T, int R, int... J>
FOLDGATE_INLINE void put_beside(const Vec<T> (&rows)[R], T* target, Indices<J...>) {
  (store(target + J * kLanes<T>, beside<T, R, J>(rows, LaneIndices<T>())), ...);
}
template <class T, int R>
void rows_beside(const T* source, int64_t source_step, int64_t columns, T* target) {
  int64_t c = 0;
  for (; c + kLanes<T> <= columns; c += kLanes<T>) {
    Vec<T> rows[R];
    FOLDGATE_UNROLL
    for (int r = 0; r < R; ++r) rows[r] = load(source + r * source_step + c);
    put_beside<T, R>(rows, target + c * R, typename MakeIndices<R>::type());
  }
  for (; c < columns; ++c)
    for (int r = 0; r < R; ++r) target[c * R + r] = source[r * source_step + c];
}

template <class T>
void transpose_matrix(const T* source, int64_t source_step, int64_t rows, int64_t columns, T* target,
                      int64_t target_step) {
  if (target_step == rows && rows == 2) return rows_beside<T, 2>(source, source_step, columns, target);
  if (target_step == rows && rows == 3) return rows_beside<T, 3>(source, source_step, columns, target);
  if (target_step == rows && rows == 4) return rows_beside<T, 4>(source, source_step, columns, target);
  if (kLanes<T> > kSameSetRows && target_step * static_cast<int64_t>(sizeof(T)) % kPageBytes == 0)
    return transpose_to_pages(source, source_step, rows, columns, target, target_step);
  int64_t c = 0;
  for (; c + kLanes<T> <= columns; c += kLanes<T>)
    transpose_columns<true>(source + c, source_step, rows, 0, target + c * target_step, target_step);
  if (c < columns)
    transpose_columns<false>(source + c, source_step, rows, columns - c, target + c * target_step,
                             target_step);
}

}  // namespace foldgate::FOLDGATE_ISA
