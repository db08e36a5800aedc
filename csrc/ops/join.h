// Columns of matrices copied from one to another: what joins arrays along an axis, and takes a part out again.
#pragma once
#include <cstdint>
#include <vector>

namespace foldgate {

// Rows of `width` values each, `source_step` and `target_step` values apart.
struct ColumnCopy {
  const float* source;
  int64_t source_step;
  float* target;
  int64_t target_step, width;
};

// All copies over the same number of rows, a block of rows at a time, so that a row of the target is written at once.
// Bits are copied as they are: a double is two values.
void copy_columns(const std::vector<ColumnCopy>& copies, int64_t rows);

}  // namespace foldgate
