// The gradients of the weights, chunk of rows by chunk of rows:
//   target(f, target_column + j) += sum over rows of features(row, f) * dgates(row, source_column + j)
// The chunks are cut by shape and every sum runs over a chunk's rows in their order, so that no number of threads
// changes a bit.
#pragma once
#include <vector>

#include "core/scratch.h"
#include "kernels/table.h"

namespace foldgate {

// Rows of the left operand of a chunk: x, h or r h, with a 1 behind where the column sums are wanted too. The products
// read them where they are: six neighbours of each row at a time, out of L2, in the shadow of the multiplications.
template <class T>
struct Features {
  // step: from row to row
  Features(int64_t count, bool one, int64_t step, int64_t chunk)
      : count(count), one(one), step(step), rows(count + one > 0 ? chunk * step : 0) {
    for (int64_t i = 0; one && i < rows.size(); i += step) rows[i + count] = T(1);
  }

  T* row(int64_t i) const { return rows.data() + i * step; }

  int64_t count;
  bool one;
  int64_t step;
  Scratch<T> rows;
};

// What a block of gate gradients adds to: products with x and with h share it, so it is packed once for both.
template <class T>
struct WeightTarget {
  const Features<T>* features = nullptr;
  T* data = nullptr;  // (features, step)
  T* sums = nullptr;  // where the feature 1 goes; null where there is none
};
template <class T>
struct WeightGradient {
  int64_t source_column = 0, target_column = 0, columns = 0;
  std::vector<WeightTarget<T>> targets;
};

// Rows [begin, begin + count) of dgates and the features. The first chunk is stored, others are added.
struct ChunkRows {
  int64_t begin = 0, count = 0;
  bool first = false;
};

template <class T>
class WeightGradients {
 public:
  // dgates: rows dgates_step apart. step: from row to row of every target. chunk: rows at most.
  WeightGradients(const GemmKernels<T>& kernels, std::vector<WeightGradient<T>> blocks, const T* dgates,
                  int64_t dgates_step, int64_t step, int64_t chunk, int workers);

  // Of a chunk: any order, any workers, all of them before another chunk's.
  int64_t tasks() const { return static_cast<int64_t>(tasks_.size()); }
  void run(int64_t task, const ChunkRows& rows, int worker);
  // All of them.
  void add(const ChunkRows& rows);

 private:
  struct Task {
    size_t block;
    int64_t column;
  };
  void multiply(const WeightTarget<T>& target, int64_t column, int64_t live, const ChunkRows& rows,
                const T* panel);

  const GemmKernels<T>& kernels_;
  std::vector<WeightGradient<T>> blocks_;
  std::vector<Task> tasks_;
  const T* dgates_;
  int64_t dgates_step_, step_;
  PanelShape shape_;
  int64_t panel_size_;
  int workers_;
  Scratch<T> panels_;  // [worker]: dgates' columns of its task, packed
};

}  // namespace foldgate
