// The weights of a tap GEMM as its tiles read them: panels of columns, in blocks of taps and channels.
#pragma once
#include <algorithm>
#include <vector>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/gemm.h"
#include "ops/conv/tap_gemm.h"

namespace foldgate {

// One pass of the inner dimension: taps [tap, tap + taps), channels [k, k + length) of each.
struct TapBlock {
  int64_t tap, taps, k, length;
  bool first, last;  // of the whole sum
};

struct TapPanel {
  int64_t group, column, columns, width;  // columns of the group; width: columns rounded up to whole vectors
};

// Three ways, by shape: read in place (whole vectors, rows close together), packed once for all sweeps (pack_all), or
// packed block by block into the worker's scratch where a single sweep passes. Up to dots_columns columns are read as
// vectors along k.
template <class T>
class TapPanels {
 public:
  TapPanels(const TapGemm<T>& problem, const GemmKernels<T>& gemm)
      : p_(problem),
        gemm_(gemm),
        dots_(p_.columns <= gemm.dots_columns && p_.length >= gemm.lanes),
        in_place_(dots_ ? p_.k_step == 1
                        : p_.column_step == 1 && p_.columns % gemm.lanes == 0 &&
                              p_.k_step * static_cast<int64_t>(sizeof(T)) <= kInPlaceBytes),
        shape_(panel_shape(gemm, problem.columns)),
        per_group_(dots_ ? 1 : ceil_div(p_.columns, shape_.width)) {}

  int64_t tile_rows() const { return dots_ ? gemm_.dots_rows : shape_.rows; }

  bool dots() const { return dots_; }
  int64_t count() const { return p_.groups * per_group_; }
  int64_t column(int64_t panel) const {  // among the columns of all groups
    return panel / per_group_ * p_.columns + panel % per_group_ * shape_.width;
  }
  TapPanel panel(int64_t index) const {
    const int64_t start = index % per_group_ * shape_.width, left = p_.columns - start;
    if (dots_) return {index, 0, p_.columns, p_.columns};
    const int64_t width = panel_width(gemm_, shape_, left);
    return {index / per_group_, start, std::min(width, left), width};
  }

  // body(block) for the blocks of at most kDepth rows of B that cover `count` taps from `tap` on, in order.
  template <class Body>
  void for_each_block(int64_t tap, int64_t count, Body body) const {
    const int64_t all = static_cast<int64_t>(p_.taps.size());
    const EvenSplit lengths(p_.length, dots_ ? p_.length : kDepth);
    const EvenSplit steps(count, std::max<int64_t>(1, lengths.parts > 1 ? 1
                                                      : dots_           ? count
                                                                        : kDepth / p_.length));
    if (count == 0) return body(TapBlock{0, 0, 0, 0, true, true});
    for (int64_t s = 0; s < steps.parts; ++s)
      for (int64_t l = 0; l < lengths.parts; ++l) {
        TapBlock block{tap + steps.begin(s), steps.size(s), lengths.begin(l), lengths.size(l), false, false};
        block.first = block.tap == 0 && l == 0;
        block.last = block.tap + block.taps == all && l + 1 == lengths.parts;
        body(block);
      }
  }

  // Room that place() needs in a worker's scratch.
  int64_t block_size() const {
    if (in_place_ || packed_.data()) return 0;
    const int64_t rows = static_cast<int64_t>(p_.taps.size()) * p_.length;
    return dots_ ? rows * p_.columns : std::min(rows, kDepth) * shape_.width;
  }

  void pack_all(int workers) {
    if (in_place_) return;
    const int64_t all = static_cast<int64_t>(p_.taps.size());
    packed_ = Scratch<T>(count() * all * p_.length * (dots_ ? p_.columns : shape_.width));
    parallel_for(count(), workers, [&](int64_t index, int) {
      const TapPanel q = panel(index);
      pack(q, TapBlock{0, all, 0, p_.length, true, true}, packed_.data() + index * panel_size());
    });
  }

  // Points b at the first row of each of the block's taps; returns the step from row to row (dots: column to column).
  int64_t place(const TapPanel& panel, const TapBlock& block, T* scratch, const T** b) const {
    if (in_place_) {
      const T* base =
          p_.weights + panel.group * p_.group_step + panel.column * p_.column_step + block.k * p_.k_step;
      for (int64_t s = 0; s < block.taps; ++s)
        b[s] = base + p_.taps[static_cast<size_t>(block.tap + s)].weights;
      return dots_ ? p_.column_step : p_.k_step;
    }
    const int64_t tap_size = dots_ ? p_.length * panel.columns : p_.length * panel.width;
    if (packed_.data()) {
      const int64_t index = panel.group * per_group_ + panel.column / shape_.width;
      const T* base = packed_.data() + index * panel_size() + block.k * (dots_ ? 1 : panel.width);
      for (int64_t s = 0; s < block.taps; ++s) b[s] = base + (block.tap + s) * tap_size;
    } else {
      pack(panel, block, scratch);
      for (int64_t s = 0; s < block.taps; ++s)
        b[s] = scratch + s * block.length * (dots_ ? panel.columns : panel.width);
    }
    return dots_ ? p_.length : panel.width;
  }

 private:
  // Rows of a B panel of 4 vectors: 288 KB on AVX-512, in L2 beside a sweep's input.
  static constexpr int64_t kDepth = 1152;
  static constexpr int64_t kInPlaceBytes = 512;  // from row to row of B: eight rows a page at least

  int64_t panel_size() const {
    return static_cast<int64_t>(p_.taps.size()) * p_.length * (dots_ ? p_.columns : shape_.width);
  }

  // [tap][k][width], or for dots [tap][column][k].
  void pack(const TapPanel& panel, const TapBlock& block, T* target) const {
    const T* base =
        p_.weights + panel.group * p_.group_step + panel.column * p_.column_step + block.k * p_.k_step;
    for (int64_t s = 0; s < block.taps; ++s) {
      const T* source = base + p_.taps[static_cast<size_t>(block.tap + s)].weights;
      if (dots_) {
        gemm_.transpose(source, p_.k_step, block.length, panel.columns, target, block.length);
        target += block.length * panel.columns;
      } else {
        gemm_.pack_panels(source, p_.k_step, p_.column_step, block.length, panel.columns, panel.width,
                          target);
        target += block.length * panel.width;
      }
    }
  }

  const TapGemm<T>& p_;
  const GemmKernels<T>& gemm_;
  bool dots_, in_place_;
  PanelShape shape_;
  int64_t per_group_;
  Scratch<T> packed_;
};

}  // namespace foldgate
