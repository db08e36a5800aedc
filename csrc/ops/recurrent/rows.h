// One step's rows of an array (N, T, width), brought together. In the array they stand T width apart, each on a page of
// its own and often a power of two from the next, so that they push one another out of L1 and L2; whoever reads them
// panel by panel would fetch them from memory again and again. Copied once, they are read from there in order.
#pragma once
#include <cstring>

#include "core/scratch.h"
#include "ops/recurrent/plan.h"

namespace foldgate {

template <class T>
class GatheredRows {
 public:
  GatheredRows(const RecurrentPlan& plan, int64_t width, bool wanted)
      : bytes_(width * static_cast<int64_t>(sizeof(T))),
        step_(plan.row_step(width)),
        rows_(wanted && plan.batch > 1 && bytes_ >= kLeastBytes ? plan.batch * step_ : 0) {}

  // Row r of the step, from its place in the array.
  const T* put(int64_t r, const T* row) const {
    if (!rows_.size()) return row;
    return static_cast<const T*>(std::memcpy(rows_.data() + r * step_, row, static_cast<size_t>(bytes_)));
  }

 private:
  static constexpr int64_t kLeastBytes = 128;  // a row of fewer lines costs as much to copy as to read again

  int64_t bytes_, step_;
  Scratch<T> rows_;  // [row][step_]
};

}  // namespace foldgate
