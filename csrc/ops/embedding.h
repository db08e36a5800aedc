// Rows of a table by their ids, and the sums of gradients by id.
#pragma once
#include <cstdint>

namespace foldgate {

// Ids of either width.
struct Ids {
  const int32_t* narrow = nullptr;  // one of the two
  const int64_t* wide = nullptr;
  int64_t count = 0;

  int64_t operator[](int64_t i) const { return narrow ? narrow[i] : wide[i]; }
  // std::out_of_range, naming the id, unless all are in [0, rows)
  void check(const char* op, int64_t rows) const;
};

// y[i] = table[ids[i]]; table (rows, width), y (count, width)
template <class T>
void embedding(const Ids& ids, const T* table, int64_t rows, int64_t width, T* y);

// dtable[r] = sum of dy[i] over the i with ids[i] = r, in ascending order; 0 where there is none. dtable (rows, width)
template <class T>
void embedding_backward(const Ids& ids, const T* dy, int64_t rows, int64_t width, T* dtable);

}  // namespace foldgate
