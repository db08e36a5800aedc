// The weights of a strided GEMM, packed in panels of columns as narrow as its tiles: [panel][taps * length][whole vectors].
#pragma once
#include <algorithm>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/divide.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/tap_gemm.h"

namespace foldgate {

// Columns of one group that one tile covers.
struct StridedPanel {
  int64_t group, column, columns;  // column: among the group's
  int vectors;
};

template <class T>
class StridedPanels {
 public:
  StridedPanels(const TapGemm<T>& problem, int64_t strip)
      : p_(problem),
        lanes_(kernels<T>().gemm.lanes),
        vectors_(ceil_div(p_.columns, lanes_)),
        per_group_(ceil_div(vectors_, best_width(strip))),
        terms_(taps() * p_.length),
        kept_(p_.packed && p_.packed->form == form() ? p_.packed->data.data() : nullptr) {}

  WeightForm form() const { return {WeightForm::kStrided, p_.groups, per_group_, &kernels<T>().gemm}; }
  PackedWeights<T> take() { return {form(), std::move(packed_)}; }

  int64_t count() const { return p_.groups * per_group_; }
  StridedPanel panel(int64_t index) const {
    const int64_t group = divide(index, per_group_), place = index - group * per_group_;
    const int64_t first = first_vector(place), vectors = first_vector(place + 1) - first;
    return {group, first * lanes_, std::min(vectors * lanes_, p_.columns - first * lanes_),
            static_cast<int>(vectors)};
  }
  int64_t column(int64_t index) const {  // among those of all groups
    const int64_t group = divide(index, per_group_);
    return group * p_.columns + first_vector(index - group * per_group_) * lanes_;
  }

  bool even() const { return vectors_ % per_group_ == 0; }  // all panels are as wide
  int64_t bytes() const { return p_.groups * vectors_ * lanes_ * terms_ * static_cast<int64_t>(sizeof(T)); }
  const T* packed(int64_t index) const { return (kept_ ? kept_ : packed_.data()) + padded(index) * terms_; }

  void pack(int workers) {
    if (terms_ == 0 || kept_) return;
    packed_ = Scratch<T>(p_.groups * vectors_ * lanes_ * terms_);
    const int64_t runs = contiguous() ? 1 : taps(), length = terms_ / runs;
    const EvenSplit chunks(length, kPackTerms);
    parallel_for(runs * chunks.parts, workers, [&](int64_t unit, int) {
      const int64_t run = divide(unit, chunks.parts), chunk = unit - run * chunks.parts;
      for (int64_t index = 0; index < count(); ++index)
        pack_rows(index, run, run * length, chunks.begin(chunk), chunks.size(chunk));
    });
  }

  // Tiles of a strip of `width` outputs: as even as they can be.
  static EvenSplit tiles(int64_t width, int vectors) {
    return EvenSplit(width, kernels<T>().strided.heights[vectors - 1]);
  }

 private:
  static constexpr int64_t kPackTerms =
      64;  // terms of a unit: its rows of the kernel stay in L2 for all panels

  int64_t taps() const { return static_cast<int64_t>(p_.taps.size()); }
  int64_t padded(int64_t index) const {  // packed columns before a panel
    const int64_t group = divide(index, per_group_);
    return (group * vectors_ + first_vector(index - group * per_group_)) * lanes_;
  }
  // Whether every tap's rows follow those of the one before.
  bool contiguous() const {
    for (size_t t = 1; t < p_.taps.size(); ++t)
      if (p_.taps[t].weights - p_.taps[t - 1].weights != p_.length * p_.k_step) return false;
    return true;
  }
  // Rows [k, k + length) from the tap's first on, which is `row` among all.
  void pack_rows(int64_t index, int64_t tap, int64_t row, int64_t k, int64_t length) const {
    const StridedPanel panel = this->panel(index);
    const T* source = p_.weights + p_.taps[static_cast<size_t>(tap)].weights + panel.group * p_.group_step +
                      panel.column * p_.column_step + k * p_.k_step;
    const int64_t width = panel.vectors * lanes_;
    T* target = packed_.data() + padded(index) * terms_ + (row + k) * width;
    kernels<T>().gemm.pack_panels(source, p_.k_step, p_.column_step, length, panel.columns, width, target);
  }

  // By the cycles of a strip in panels of n vectors: m * n / 2 multiply-adds a term and cycle, (m + n) / 2 loads, and never
  // fewer than the four cycles of a chain.
  int64_t best_width(int64_t width) const {
    int64_t best = 1;
    double least = 0;
    const int64_t widest = std::min<int64_t>(vectors_, kernels<T>().strided.vectors);
    for (int64_t n = 1; n <= widest; ++n) {
      const EvenSplit split = tiles(width, static_cast<int>(n));
      const double rows = static_cast<double>(width) / static_cast<double>(split.parts);
      const double m = static_cast<double>(ceil_div(width, split.parts)), v = static_cast<double>(n);
      const double cycles = std::max({rows * v / 2, (m + v) / 2 + 1, 4.0}) + 1;
      const double all = cycles * static_cast<double>(split.parts * ceil_div(vectors_, n));
      if (n == 1 || all < least) best = n, least = all;
    }
    return best;
  }
  int64_t first_vector(int64_t panel) const { return divide(vectors_ * panel, per_group_); }

  const TapGemm<T>& p_;
  int64_t lanes_, vectors_, per_group_, terms_;
  const T* kept_;
  Scratch<T> packed_;
};

}  // namespace foldgate
