// Channels that are the columns of matrices: x (samples, rows, channels).
#include <algorithm>
#include <numeric>

#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/norm/statistics.h"
#include "ops/norm/units.h"
#include "ops/stream.h"

namespace foldgate {
namespace {

constexpr int64_t kPartRows = 64;  // statistics of a part are 1/32 of it
// Of a wide row: few channels leave vectors half empty, and a row short. Kernels keep the terms of the first in registers.
constexpr int64_t kWideValues = 64, kWidestValues = 256;
constexpr int64_t kVectorValues = 16;

// Rows of `channels` that are one wide row: whole vectors, where that takes few.
int64_t wide_row(int64_t channels) {
  const int64_t whole = std::lcm(channels, kVectorValues);
  const int64_t values = whole <= kWidestValues ? round_up(kWideValues, whole) : kWidestValues;
  return ceil_div(values, channels);
}

// A unit is a sample. Its rows are taken `fold` at a time as one wide row, whose statistics are then those of `fold`
// rows of channels; what is left of a sample is a tail. Statistics are matrices of sub_rows rows of channels.
struct ColumnSplit {
  explicit ColumnSplit(const ChannelNormPlan& plan)
      : channels(plan.channels),
        fold(std::min(wide_row(plan.channels), plan.rows)),
        width(fold * plan.channels),
        sample(plan.rows * plan.channels),
        wide_rows(plan.rows / fold),
        tail(plan.rows % fold),
        parts(ceil_div(wide_rows, kPartRows)),
        sub_rows(parts * fold + (tail > 0 ? 1 : 0)) {}

  int64_t begin(int64_t part) const { return part * kPartRows * width; }
  int64_t end(int64_t part) const { return part + 1 == parts ? sample : begin(part + 1); }
  int64_t rows(int64_t part) const { return std::min(kPartRows, wide_rows - part * kPartRows); }

  // body(offset in the sample, rows, width, first sub-row) for the matrices of parts [begin, end)
  template <class Body>
  void for_matrices(int64_t first, int64_t last, Body body) const {
    for (int64_t part = first; part < last; ++part) body(begin(part), rows(part), width, part * fold);
    if (last == parts && tail > 0) body(wide_rows * width, tail, channels, parts * fold);
  }

  // body(unit, begin, end) for the units that parts [begin, end) of all of them are in
  template <class Body>
  void for_range(int64_t begin, int64_t end, Body body) const {
    while (begin < end) {
      const int64_t unit = begin / parts, past = std::min(end, (unit + 1) * parts);
      body(unit, begin - unit * parts, past - unit * parts);
      begin = past;
    }
  }

  const int64_t channels, fold, width, sample, wide_rows, tail, parts, sub_rows;
};

// The terms of a wide row, each `width` values: mean, scale, shift, slope, offset.
template <class T>
class WideTerms {
 public:
  WideTerms(const ColumnSplit& split, int64_t slots) : split_(split), values_(slots * kKinds * split.width) {}

  NormColumns<T> of(int64_t slot) const {
    const T* v = row(slot, 0);
    const int64_t w = split_.width;
    return {v, v + w, v + 2 * w, v + 3 * w, v + 4 * w};
  }
  // value(channel) for kind 0 to 4
  template <class Value>
  void fill(int64_t slot, int64_t kind, Value value) const {
    T* wide = row(slot, kind);
    for (int64_t c = 0; c < split_.channels; ++c) wide[c] = value(c);
    for (int64_t i = split_.channels; i < split_.width; i += split_.channels)
      std::copy_n(wide, split_.channels, wide + i);
  }
  void fill_forward(int64_t slot, const ChannelNormPlan& plan, const ChannelAffine<T>& affine, const T* mean,
                    const T* rstd) const {
    const int64_t each = plan.group_channels();
    fill(slot, 0, [&](int64_t c) { return mean[c / each]; });
    fill(slot, 1, [&](int64_t c) { return forward_terms(affine, c, T(0), rstd[c / each]).scale; });
    fill(slot, 2, [&](int64_t c) { return affine.beta ? affine.beta[c] : T(0); });
  }

 private:
  T* row(int64_t slot, int64_t kind) const { return values_.data() + (slot * kKinds + kind) * split_.width; }

  static constexpr int64_t kKinds = 5;
  const ColumnSplit& split_;
  const Scratch<T> values_;
};

template <class T>
class Forward {
 public:
  explicit Forward(const NormForward<T>& call)
      : call_(call),
        split_(call.plan),
        units_(call.plan.samples, split_.parts, split_.sample, is_whole(call.plan.samples, split_.sample),
               kValueWork),
        y_(target(call.y, call.plan.size(), split_.channels)),
        terms_(split_, units_.slots()),
        shares_(split_.sub_rows),
        rstd_(units_.slots() * call.plan.groups),
        matrix_(split_.sub_rows * split_.channels),
        moments_(call.rstd ? 0 : units_.slots() * 2 * (matrix_ + split_.channels)) {
    const T all = static_cast<T>(call.plan.rows);
    split_.for_matrices(0, split_.parts, [&](int64_t, int64_t rows, int64_t width, int64_t sub_row) {
      std::fill_n(shares_.data() + sub_row, width / split_.channels, static_cast<T>(rows) / all);
    });
  }
  void run() { units_.run(*this); }

  void prepare(int64_t, int64_t) {}
  void between(int64_t slot, int64_t unit) {
    T* mean = call_.mean + unit * call_.plan.groups;
    if (call_.rstd)
      return terms_.fill_forward(slot, call_.plan, call_.affine, mean, call_.rstd + unit * call_.plan.groups);
    T* variance = call_.variance + unit * call_.plan.groups;
    merge(slot, mean, variance);
    T* rstd = rstd_.data() + slot * call_.plan.groups;
    for (int64_t g = 0; g < call_.plan.groups; ++g) rstd[g] = inverse_deviation(variance[g], call_.epsilon);
    terms_.fill_forward(slot, call_.plan, call_.affine, mean, rstd);
  }
  void first(int64_t slot, int64_t unit) { moments(slot, unit, 0, split_.parts); }
  void first_range(int64_t begin, int64_t end) {
    split_.for_range(begin, end, [&](int64_t unit, int64_t b, int64_t e) { moments(unit, unit, b, e); });
  }
  void second(int64_t slot, int64_t unit) {  // from the end, which L2 still holds
    for (int64_t part = split_.parts; part > 0; --part) normalize(slot, unit, part - 1, part);
  }
  void second_range(int64_t begin, int64_t end) {
    split_.for_range(begin, end, [&](int64_t unit, int64_t b, int64_t e) { normalize(unit, unit, b, e); });
  }

 private:
  void moments(int64_t slot, int64_t unit, int64_t begin, int64_t end) {
    if (call_.rstd) return;
    T *means = means_of(slot), *m2s = means + matrix_;
    const T* x = call_.x + unit * split_.sample;
    split_.for_matrices(begin, end, [&](int64_t offset, int64_t rows, int64_t width, int64_t sub_row) {
      kernels_.column_moments(x + offset, rows, width, means + sub_row * split_.channels,
                              m2s + sub_row * split_.channels);
    });
  }
  void normalize(int64_t slot, int64_t unit, int64_t begin, int64_t end) {
    const int64_t first = split_.begin(begin), offset = unit * split_.sample + first;
    kernels_.normalize_columns(call_.x + offset, split_.end(end - 1) - first, split_.width, terms_.of(slot),
                               call_.affine.relu, y_ + offset);
    fence(y_);
  }
  T* means_of(int64_t slot) const { return moments_.data() + slot * 2 * (matrix_ + split_.channels); }
  // From sub-rows to channels, and from channels to groups.
  void merge(int64_t slot, T* mean, T* variance) {
    T *means = means_of(slot), *m2s = means + matrix_, *mean_c = m2s + matrix_,
      *m2_c = mean_c + split_.channels;
    kernels_.merge_columns(means, m2s, shares_.data(), static_cast<T>(call_.plan.rows), split_.sub_rows,
                           split_.channels, mean_c, m2_c);
    const int64_t each = call_.plan.group_channels();
    for (int64_t g = 0; g < call_.plan.groups; ++g)
      merge_parts(
          mean_c + g * each, m2_c + g * each, each, [&](int64_t) { return call_.plan.rows; }, mean + g,
          variance + g);
  }

  const ChannelNormKernels<T>& kernels_ = kernels<T>().channel_norm;
  const NormForward<T>& call_;
  const ColumnSplit split_;
  const Units units_;
  const Target<T> y_;
  const WideTerms<T> terms_;
  const Scratch<T> shares_, rstd_;  // of all rows, by sub-row
  const int64_t matrix_;            // values of a matrix of statistics
  const Scratch<T> moments_;        // a slot: two of them by sub-row, and two by channel
};

template <class T>
class Backward {
 public:
  explicit Backward(const NormBackward<T>& call)
      : call_(call),
        split_(call.plan),
        units_(call.plan.samples, split_.parts, split_.sample, is_whole(call.plan.samples, split_.sample),
               1.5 * kValueWork),
        dx_(target(call.dx, call.plan.size(), split_.channels)),
        terms_(split_, units_.slots()),
        matrix_(split_.sub_rows * split_.channels),
        sums_(units_.slots() * 2 * matrix_),
        gradients_(units_.slots() * 2 * call.plan.groups),
        rows_(units_.slots() * split_.sub_rows) {}
  void run() { units_.run(*this); }

  void prepare(int64_t slot, int64_t unit) {
    const int64_t group = unit * call_.plan.groups;
    terms_.fill_forward(slot, call_.plan, call_.affine, call_.mean + group, call_.rstd + group);
  }
  void between(int64_t slot, int64_t unit) {
    const ChannelNormPlan& plan = call_.plan;
    const T* sums = sums_.data() + slot * 2 * matrix_;
    T *d_sums = call_.d_sums + unit * plan.channels, *dx_sums = call_.dx_sums + unit * plan.channels;
    add_sub_rows(slot, sums, d_sums);
    add_sub_rows(slot, sums + matrix_, dx_sums);
    if (call_.constant) return;
    const int64_t each = plan.group_channels();
    T *slope = gradients_.data() + slot * 2 * plan.groups, *offset = slope + plan.groups;
    for (int64_t g = 0; g < plan.groups; ++g)
      group_gradient(plan, call_.affine, g, call_.rstd[unit * plan.groups + g], d_sums, dx_sums, slope + g,
                     offset + g);
    terms_.fill(slot, 3, [&](int64_t c) { return slope[c / each]; });
    terms_.fill(slot, 4, [&](int64_t c) { return offset[c / each]; });
  }
  void first(int64_t slot, int64_t unit) { sums(slot, unit, 0, split_.parts); }
  void first_range(int64_t begin, int64_t end) {
    split_.for_range(begin, end, [&](int64_t unit, int64_t b, int64_t e) { sums(unit, unit, b, e); });
  }
  void second(int64_t slot, int64_t unit) {
    for (int64_t part = split_.parts; part > 0; --part) gradient(slot, unit, part - 1, part);
  }
  void second_range(int64_t begin, int64_t end) {
    split_.for_range(begin, end, [&](int64_t unit, int64_t b, int64_t e) { gradient(unit, unit, b, e); });
  }

 private:
  void sums(int64_t slot, int64_t unit, int64_t begin, int64_t end) {
    const T *dy = call_.dy + unit * split_.sample, *x = call_.x + unit * split_.sample;
    const NormColumns<T> columns = terms_.of(slot);
    T* sums = sums_.data() + slot * 2 * matrix_;
    split_.for_matrices(begin, end, [&](int64_t offset, int64_t rows, int64_t width, int64_t sub_row) {
      kernels_.column_sums(dy + offset, x + offset, rows, width, columns, call_.affine.relu,
                           sums + sub_row * split_.channels, sums + matrix_ + sub_row * split_.channels);
    });
  }
  void gradient(int64_t slot, int64_t unit, int64_t begin, int64_t end) {
    const int64_t first = split_.begin(begin), offset = unit * split_.sample + first;
    kernels_.gradient_columns(call_.dy + offset, call_.x + offset, split_.end(end - 1) - first, split_.width,
                              terms_.of(slot), call_.mode(), dx_ + offset);
    fence(dx_);
  }
  void add_sub_rows(int64_t slot, const T* matrix, T* sums) {
    const T** rows = rows_.data() + slot * split_.sub_rows;
    for (int64_t r = 0; r < split_.sub_rows; ++r) rows[r] = matrix + r * split_.channels;
    kernels<T>().average.add_rows(rows, split_.sub_rows, split_.channels, sums);
  }

  const ChannelNormKernels<T>& kernels_ = kernels<T>().channel_norm;
  const NormBackward<T>& call_;
  const ColumnSplit split_;
  const Units units_;
  const Target<T> dx_;
  const WideTerms<T> terms_;
  const int64_t matrix_;        // values of a matrix of sums
  const Scratch<T> sums_;       // a slot: two of them
  const Scratch<T> gradients_;  // a slot: slopes and offsets by group
  const Scratch<const T*> rows_;
};

}  // namespace

template <class T>
void columns_forward(const NormForward<T>& call) {
  Forward<T>(call).run();
}
template <class T>
void columns_backward(const NormBackward<T>& call) {
  Backward<T>(call).run();
}

template void columns_forward(const NormForward<float>&);
template void columns_forward(const NormForward<double>&);
template void columns_backward(const NormBackward<float>&);
template void columns_backward(const NormBackward<double>&);

}  // namespace foldgate
