// Products of many steps with weights that are packed once:
//   out(row, f) (+)= bias(f) + sum over j < columns of terms(row, first + j) * weights(f, source + j)
// In the backward pass that is dgates W^T for the columns of W that face these gate gradients.
#pragma once
#include <vector>

#include "core/scratch.h"
#include "kernels/gemm.h"

namespace foldgate {

// Columns [source, source + count) of the weights.
struct ColumnBlock {
  int64_t source = 0, count = 0;
};

template <class T>
struct WeightView {
  const T* data = nullptr;  // (features, step)
  int64_t features = 0, step = 0;
  std::vector<ColumnBlock> blocks;  // in the order of the terms that they meet
  int64_t term_step = 1;            // from column to column
};

template <class T>
class PackedProduct {
 public:
  // in_place: for one row at a time (and one block) the weights are read where they are, along their rows.
  PackedProduct(const GemmKernels<T>& kernels, const WeightView<T>& weights, bool in_place);

  int64_t panels() const { return panels_; }
  int64_t depth() const { return depth_; }

  // Panels [begin, end) of the outputs for m rows, whose first terms are at rows[i] + first. descending: from the last
  // panel and its last terms to the first; in turns with the other way, what one call used last is still in cache.
  void run(int64_t begin, int64_t end, bool descending, const T* const* rows, int64_t first, int64_t m,
           T* const* out, bool accumulate, const T* bias = nullptr) const;

 private:
  // What one pass reads of a panel: its terms from k on.
  struct Block {
    int64_t panel, k;
  };
  const T* weights_at(const Block& block) const;
  void run_packed(const Block& block, const T* next, const T* const* rows, int64_t first, int64_t m,
                  T* const* out, const Epilogue<T>& epilogue) const;
  void run_in_place(int64_t panel, const T* row, T* out, bool accumulate) const;

  const GemmKernels<T>& kernels_;
  WeightView<T> weights_;
  PanelShape shape_;
  bool in_place_;
  int64_t panels_, depth_ = 0;
  Scratch<T> packed_;  // [panel][depth][width]
};

}  // namespace foldgate
