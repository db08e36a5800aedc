// A depthwise convolution over an output grid, row by row: forward, and each stride phase of backward to the input.
//   out(n, u)[c] = activation(bias[c] + sum over taps t of  in(n, u * step + shift_t)[c] * weights_t[c])
#pragma once
#include <algorithm>
#include <vector>

#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/conv/depthwise_bands.h"
#include "ops/conv/depthwise_frames.h"
#include "ops/conv/tap_gemm.h"
#include "ops/stream.h"

namespace foldgate {

// One worker's scratch: taps that a stretch of outputs sees, an entry a tap, and a frame.
template <class T>
struct DepthwiseTaps {
  int64_t* offsets;
  const T** weights;
  T* frame;
};

// The problem's fields as in tap_gemm.h; `columns` are all channels, `length` those of a group, taps[t].weights is where tap
// t's begin. Taps of one kernel row stand together.
template <class T>
class DepthwiseRows {
 public:
  explicit DepthwiseRows(TapGemm<T> problem);

  void run() const;  // all units, in parallel

  int64_t units() const { return p_.batch * p_.grid[0] * (frame_.used() ? frame_.units() : bands_.units()); }
  int64_t taps() const { return static_cast<int64_t>(p_.taps.size()); }
  int64_t frame_size() const { return frame_.used() ? frame_.size() : 0; }
  void unit(int64_t index, const DepthwiseTaps<T>& lists) const;
  void end_task() const { fence(out_); }  // after its units

 private:
  struct Row {
    int64_t n, z, y;
  };
  DepthwiseRun find_run() const;
  bool is_run(const DepthwiseRun& run) const;
  bool is_square() const;
  Target<T> find_target() const;
  InnerOutputs inner(int axis) const;
  const T* input(const Row& row) const { return p_.in.data + row.n * p_.in.step[0]; }
  Target<T> output(const Row& row) const {
    return out_ + (row.n * p_.out_step[0] + row.z * p_.out_step[1] + row.y * p_.out_step[2]);
  }
  DepthwiseRow<T> row_of(const DepthwiseTaps<T>& lists) const;
  void rows(const Row& at, int64_t count, const DepthwiseTaps<T>& lists) const;
  void inner_columns(const Row& at, int64_t count, const DepthwiseTaps<T>& lists) const;
  void fetch_below(const Row& at) const;
  void activate(const Row& row) const;
  int64_t select(const Row& row, int64_t v, bool edge, const DepthwiseTaps<T>& lists) const;

  TapGemm<T> p_;
  Target<T> out_;
  const Kernels<T>& kernel_;
  DepthwiseRun run_;
  bool square_;  // of 3 x 3 neighbours
  InnerOutputs across_;
  RowBands bands_;
  DepthwiseFrame frame_;
  bool fetched_;        // is the input more than a cache holds?
  int64_t lowest_tap_;  // its shift along the height
};

// The scratch of all workers, of which none runs units with more taps or a larger frame.
template <class T>
class DepthwiseScratch {
 public:
  DepthwiseScratch(int workers, int64_t taps, int64_t frame)
      : taps_(taps),
        frame_(frame),
        offsets_(workers * taps),
        weights_(workers * taps),
        frames_(workers * frame) {}

  DepthwiseTaps<T> of(int worker) const {
    return {offsets_.data() + worker * taps_, weights_.data() + worker * taps_,
            frames_.data() + worker * frame_};
  }

 private:
  int64_t taps_, frame_;
  Scratch<int64_t> offsets_;
  Scratch<const T*> weights_;
  Scratch<T> frames_;
};

// Of the phases of a pass.
template <class T>
int64_t largest_frame(const std::vector<DepthwiseRows<T>>& phases) {
  int64_t size = 0;
  for (const DepthwiseRows<T>& phase : phases) size = std::max(size, phase.frame_size());
  return size;
}

}  // namespace foldgate
