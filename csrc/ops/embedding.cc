#include "ops/embedding.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/chunks.h"

namespace foldgate {
namespace {

// Its sign: of an id below 0, or of rows - 1 less one above it.
template <class Id>
int64_t outside(const Id* ids, int64_t count, int64_t rows) {
  const auto last = static_cast<uint64_t>(rows - 1);
  uint64_t found = 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto id = static_cast<uint64_t>(static_cast<int64_t>(ids[i]));
    found |= id | (last - id);
  }
  return static_cast<int64_t>(found);
}

}  // namespace

void Ids::check(const char* op, int64_t rows) const {
  if ((narrow ? outside(narrow, count, rows) : outside(wide, count, rows)) >= 0) return;
  for (int64_t i = 0; i < count; ++i)
    if ((*this)[i] < 0 || (*this)[i] >= rows)
      throw std::out_of_range(
          text(op, ": ids hold ", (*this)[i], "; expected ",
               rows == 0 ? std::string("none, as there are no rows") : text("0 to ", rows - 1)));
}

namespace {

template <class T>
constexpr int64_t kLine = 64 / sizeof(T);

// Values that are read soon: rows lie anywhere, and begin within a line. Inlined: gcc leaves out a call that does nothing
// but fetch.
template <class T>
[[gnu::always_inline]] inline void fetch(const T* values, int64_t count) {
  for (int64_t i = 0; i < count; i += kLine<T>) __builtin_prefetch(values + i);
  __builtin_prefetch(values + count - 1);
}

// In bytes: rows that are on their way meanwhile; rows from which on fetching them takes less time than it costs, even
// from a table that is in cache; a table that stays there while rows stream by.
constexpr int64_t kFetched = 8 << 10, kLongRow = 512, kCachedTable = 4 << 20;

template <class T>
int64_t rows_ahead(int64_t width) {
  return ceil_div(kFetched, width * static_cast<int64_t>(sizeof(T)));
}

}  // namespace

template <class T>
void embedding(const Ids& ids, const T* table, int64_t rows, int64_t width, T* y) {
  if (width == 0) return;
  const int64_t bytes = width * static_cast<int64_t>(sizeof(T));
  if (bytes < kLongRow && rows * bytes <= kCachedTable)
    return in_chunks(ids.count, width, [&](int64_t begin, int64_t size) {
      for (int64_t i = begin; i < begin + size; ++i)
        std::memcpy(y + i * width, table + ids[i] * width, static_cast<size_t>(bytes));
    });
  const int64_t ahead = rows_ahead<T>(width);
  const auto copy = kernels<T>().stream.copy;
  in_chunks(ids.count, width, y, [&](int64_t begin, int64_t size, Target<T> to) {
    for (int64_t i = begin; i < begin + size; ++i, to.data += width) {
      if (i + ahead < ids.count) fetch(table + ids[i + ahead] * width, width);
      copy(table + ids[i] * width, width, to);
    }
  });
}

namespace {

constexpr int64_t kColumns = 64;  // of a task, which adds up some columns of all rows

template <class T>
void add_in_place(const Ids& ids, const T* dy, int64_t rows, int64_t width, T* dtable) {
  const int64_t tasks = ceil_div(width, kColumns);
  const double work = static_cast<double>(ids.count + rows) * static_cast<double>(width);
  const auto& kernel = kernels<T>().embedding;
  parallel_for(tasks, workers_for(tasks, kValueWork * work), [&](int64_t task, int) {
    const int64_t first = task * kColumns, columns = std::min(kColumns, width - first);
    for (int64_t r = 0; r < rows; ++r) std::fill_n(dtable + r * width + first, columns, T(0));
    ids.narrow ? kernel.add_by_narrow(ids.narrow, ids.count, dy + first, width, columns, dtable + first)
               : kernel.add_by_wide(ids.wide, ids.count, dy + first, width, columns, dtable + first);
  });
}

// The rows of dy by their ids, each id's in their order (a counting sort).
template <class T>
class RowsById {
 public:
  RowsById(const Ids& ids, const T* dy, int64_t rows, int64_t width)
      : count_(ids.count), width_(width), ahead_(rows_ahead<T>(width)), past_(rows + 1), sorted_(ids.count) {
    past_.zero();
    for (int64_t i = 0; i < count_; ++i) ++past_[ids[i] + 1];
    for (int64_t r = 0; r < rows; ++r) past_[r + 1] += past_[r];
    for (int64_t i = 0; i < count_; ++i) sorted_[past_[ids[i]]++] = dy + i * width;
    // now past_[r] is where the rows of id r end
  }

  // The sum of an id's rows, 0 where there are none.
  void sum(int64_t id, Target<T> to) const {
    const int64_t begin = id == 0 ? 0 : past_[id - 1], end = past_[id];
    const int64_t soon = begin + ahead_,
                  fetched = std::min(end - begin, 4 * ahead_);  // not all of a common one
    for (int64_t i = soon; i < std::min(count_, soon + fetched); ++i) fetch(sorted_[i], width_);
    sum_(sorted_.data() + begin, end - begin, width_, to);
  }

 private:
  const int64_t count_, width_, ahead_;
  const Scratch<int64_t> past_;
  const Scratch<const T*> sorted_;
  void (*const sum_)(const T* const*, int64_t, int64_t, Target<T>) = kernels<T>().embedding.sum_rows;
};

}  // namespace

// One task writes a row of the table's gradient, and once.
template <class T>
void embedding_backward(const Ids& ids, const T* dy, int64_t rows, int64_t width, T* dtable) {
  if (rows == 0 || width == 0) return;
  if (rows * width * static_cast<int64_t>(sizeof(T)) <= kCachedTable)
    return add_in_place(ids, dy, rows, width, dtable);
  const RowsById<T> by_id(ids, dy, rows, width);
  const bool is_long = width * static_cast<int64_t>(sizeof(T)) >= kLongRow;
  in_chunks(rows, width, dtable, [&](int64_t begin, int64_t size, Target<T> to) {
    to.past_cache = to.past_cache && is_long;
    for (int64_t id = begin; id < begin + size; ++id) by_id.sum(id, to + (id - begin) * width);
  });
}

template void embedding(const Ids&, const float*, int64_t, int64_t, float*);
template void embedding(const Ids&, const double*, int64_t, int64_t, double*);
template void embedding_backward(const Ids&, const float*, int64_t, int64_t, float*);
template void embedding_backward(const Ids&, const double*, int64_t, int64_t, double*);

}  // namespace foldgate
