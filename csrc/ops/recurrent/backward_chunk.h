// The chunks of a backward pass: as many steps at a time, from the last, as the rows that are kept hold.
#pragma once
#include <algorithm>

#include "ops/recurrent/gradients.h"
#include "ops/recurrent/plan.h"

namespace foldgate {

// Rows of a chunk: the weights' gradients are read and written once a chunk.
constexpr int64_t kChunkRows = 512;

class BackwardChunk {
 public:
  explicit BackwardChunk(const RecurrentPlan& plan)
      : plan_(plan),
        most_rows_(std::max(plan.batch, std::min(plan.rows(), kChunkRows))),
        begin_(plan.longest()),
        end_(begin_) {}

  int64_t most_rows() const { return most_rows_; }
  // Its steps; none before the first is opened.
  int64_t begin() const { return begin_; }
  int64_t end() const { return end_; }
  ChunkRows rows() const {
    return {first_row_, plan_.first[end_] - plan_.first[begin_], end_ == plan_.longest()};
  }
  // Where it has row r of step s.
  int64_t at(int64_t s, int64_t r) const { return first_row_ + plan_.first[s] - plan_.first[begin_] + r; }

  // As many steps before `end` as it can have.
  void open(int64_t end) {
    end_ = end;
    begin_ = end - 1;
    while (begin_ > 0 && plan_.first[end] - plan_.first[begin_ - 1] <= most_rows_) --begin_;
  }
  // The steps before its own, if any, where two are kept: in the rows that it does not have now.
  void open_beside() {
    first_row_ = most_rows_ - first_row_;
    if (begin_ > 0)
      open(begin_);
    else
      end_ = 0;
  }

 private:
  const RecurrentPlan& plan_;
  const int64_t most_rows_;
  int64_t begin_, end_;
  int64_t first_row_ = 0;  // among those kept
};

}  // namespace foldgate
