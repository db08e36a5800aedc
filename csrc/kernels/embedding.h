// Rows of gradients by the ids of a table's rows.
#pragma once
#include "kernels/stream.h"

namespace foldgate {

template <class T>
struct EmbeddingKernels {
  // sum = rows[0] + rows[1] + ..., of `width` values each, in their order; 0 where there are none
  void (*sum_rows)(const T* const* rows, int64_t count, int64_t width, Target<T> sum);
  // table[ids[i]] += dy[i] for all i in their order: `columns` of the `width` values of a row, ids of either width
  void (*add_by_narrow)(const int32_t* ids, int64_t count, const T* dy, int64_t width, int64_t columns,
                        T* table);
  void (*add_by_wide)(const int64_t* ids, int64_t count, const T* dy, int64_t width, int64_t columns,
                      T* table);
};

}  // namespace foldgate
