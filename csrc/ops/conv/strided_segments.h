// The segments of a strided GEMM's sums: taps, or kernel rows of taps that follow each other in both operands.
#pragma once
#include <vector>

#include "core/divide.h"
#include "ops/conv/strided_frame.h"

namespace foldgate {

class StridedSegments {
 public:
  StridedSegments() = default;
  // The frame has its shape.
  template <class T>
  StridedSegments(const TapGemm<T>& p, const StridedFrame<T>& frame)
      : clips_(!p.inside), planes_(p.grid[0]), step_(p.step[0]), extent_(p.in.extent[0]) {
    const size_t taps = p.taps.size(), run = run_length(p, frame);
    length_ = static_cast<int64_t>(run) * p.length;
    shifts_.reserve(taps);
    for (size_t t = 0; t < taps; t += run) {
      const int64_t along = p.taps[t].shift[0];
      if (layers_.empty() || layers_.back().shift != along) layers_.push_back({along, count()});
      shifts_.push_back(frame.shift(p.taps[t]));
    }
    layers_.push_back({0, count()});
  }

  struct Range {
    int64_t first, count;
  };
  // Those that see a layer which is there from a plane of outputs: shifts along the depth ascend.
  Range seen_from(int64_t plane) const {
    if (!clips_) return {0, count()};
    const int64_t z = (plane - divide(plane, planes_) * planes_) * step_;
    auto first = layers_.begin(), end = layers_.end() - 1;
    while (first != end && z + first->shift < 0) ++first;
    while (first != end && z + (end - 1)->shift >= extent_) --end;
    return {first->first, end->first - first->first};
  }

  int64_t length() const { return length_; }  // terms of one
  const int64_t* shifts() const { return shifts_.data(); }

 private:
  // Segments of one shift along the depth, from `first` to the next one's.
  struct Layer {
    int64_t shift, first;
  };

  int64_t count() const { return static_cast<int64_t>(shifts_.size()); }

  // Taps of a segment: 1 unless all of them come in runs of one length.
  template <class T>
  static size_t run_length(const TapGemm<T>& p, const StridedFrame<T>& frame) {
    const auto follows = [&](size_t t) {
      const Tap &tap = p.taps[t], &before = p.taps[t - 1];
      return p.groups == 1 && tap.shift[0] == before.shift[0] &&
             frame.shift(tap) - frame.shift(before) == p.length &&
             tap.weights - before.weights == p.length * p.k_step;
    };
    const size_t taps = p.taps.size();
    size_t run = 1;
    while (run < taps && follows(run)) ++run;
    for (size_t t = 1; t < taps; ++t)
      if (follows(t) != (t % run != 0)) return 1;
    return taps % run == 0 ? run : 1;
  }

  bool clips_ = false;
  int64_t planes_ = 1, step_ = 1, extent_ = 1, length_ = 0;
  std::vector<int64_t> shifts_;
  std::vector<Layer> layers_;  // behind them, where they end
};

}  // namespace foldgate
