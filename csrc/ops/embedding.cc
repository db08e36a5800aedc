#include "ops/embedding.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/chunks.h"

namespace foldgate {

void Ids::check(const char* op, int64_t rows) const {
  for (int64_t i = 0; i < count; ++i)
    if ((*this)[i] < 0 || (*this)[i] >= rows)
      throw std::out_of_range(text(op, ": ids hold ", (*this)[i], "; expected 0 to ", rows - 1));
}

// A row that is read soon: rows lie anywhere.
template <class T>
void fetch(const T* row, int64_t width) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t i = 0; i < width; i += kLine) __builtin_prefetch(row + i);
}

constexpr int64_t kFetched = 2048;  // bytes of rows that are on their way meanwhile
constexpr int64_t kLongRow = 512;   // bytes; copying shorter ones from L2 takes no longer than fetching them

template <class T>
void embedding(const Ids& ids, const T* table, int64_t width, T* y) {
  if (width == 0) return;
  const auto bytes = width * static_cast<int64_t>(sizeof(T));
  const int64_t ahead = bytes < kLongRow ? ids.count : ceil_div(kFetched, 2 * bytes);
  in_chunks(ids.count, width, [&](int64_t begin, int64_t size) {
    for (int64_t i = begin; i < begin + size; ++i) {
      if (i + ahead < ids.count) {
        fetch(table + ids[i + ahead] * width, width);
        fetch(y + (i + ahead) * width, width);
      }
      std::memcpy(y + i * width, table + ids[i] * width, static_cast<size_t>(width) * sizeof(T));
    }
  });
}

// A table of so many bytes stays in cache while dy streams by, once and in its order.
constexpr int64_t kCachedTable = 4 << 20;
constexpr int64_t kColumns = 64;  // of a task, which adds up some columns of all rows

template <class T>
void add_in_place(const Ids& ids, const T* dy, int64_t rows, int64_t width, T* dtable) {
  const auto add = kernels<T>().recurrent.add;
  const int64_t tasks = ceil_div(width, kColumns);
  const double work = static_cast<double>(ids.count + rows) * static_cast<double>(width);
  parallel_for(tasks, workers_for(tasks, 4 * work), [&](int64_t task, int) {
    const int64_t first = task * kColumns, columns = std::min(kColumns, width - first);
    for (int64_t r = 0; r < rows; ++r) std::fill_n(dtable + r * width + first, columns, T(0));
    for (int64_t i = 0; i < ids.count; ++i) {
      fetch(dy + i * width + first + kFetched / static_cast<int64_t>(sizeof(T)), columns);
      add(dtable + ids[i] * width + first, dy + i * width + first, columns);
    }
  });
}

// Positions are sorted by id, each id's in their order (a counting sort); tasks are ranges of the table's rows, so that
// one task writes a row, and once.
template <class T>
void embedding_backward(const Ids& ids, const T* dy, int64_t rows, int64_t width, T* dtable) {
  if (rows == 0 || width == 0) return;
  if (rows * width * static_cast<int64_t>(sizeof(T)) <= kCachedTable)
    return add_in_place(ids, dy, rows, width, dtable);
  const Scratch<int64_t> first(rows + 1);  // of each id's positions
  const Scratch<const T*> sorted(ids.count);
  first.zero();
  for (int64_t i = 0; i < ids.count; ++i) ++first[ids[i] + 1];
  for (int64_t r = 0; r < rows; ++r) first[r + 1] += first[r];
  for (int64_t i = 0; i < ids.count; ++i) sorted[first[ids[i]]++] = dy + i * width;
  // now first[r] is where the positions of r end
  const auto add_rows = kernels<T>().average.add_rows;
  const int64_t ahead = ceil_div(kFetched, width * static_cast<int64_t>(sizeof(T)));
  const double work = static_cast<double>(ids.count + rows) * static_cast<double>(width);
  const int64_t group = std::max<int64_t>(1, kChunk / width), tasks = ceil_div(rows, group);
  parallel_for(tasks, workers_for(tasks, 4 * work), [&](int64_t task, int) {
    for (int64_t r = task * group; r < std::min(rows, (task + 1) * group); ++r) {
      const int64_t begin = r == 0 ? 0 : first[r - 1], count = first[r] - begin;
      const int64_t fetched = std::min(count, 4 * ahead);  // of an id that is everywhere, not all at once
      for (int64_t i = begin + ahead; i < std::min(ids.count, begin + ahead + fetched); ++i)
        fetch(sorted[i], width);
      fetch(dtable + (r + ahead) * width, width);
      if (count == 0)
        std::fill_n(dtable + r * width, width, T(0));
      else
        add_rows(sorted.data() + begin, count, width, dtable + r * width);
    }
  });
}

template void embedding(const Ids&, const float*, int64_t, float*);
template void embedding(const Ids&, const double*, int64_t, double*);
template void embedding_backward(const Ids&, const float*, int64_t, int64_t, float*);
template void embedding_backward(const Ids&, const double*, int64_t, int64_t, double*);

}  // namespace foldgate
