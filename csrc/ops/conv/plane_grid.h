// A grid of outputs over one plane (or stack of planes) and the taps that each of them sees, as the frames of
// kernels/depthwise_lines.h hold it.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/table.h"
#include "ops/window.h"

namespace foldgate {

struct PlaneTap {
  int64_t shift[kMaxSpatial];  // of the input position, from u * step
  int64_t index;               // row-major among the kernel's taps
};

// Outputs along the width that see the same taps, begin .. end - 1: all of them, or one stride phase of a gradient.
struct PlaneColumns {
  int64_t first, outputs, begin, end;
  int square = 0;  // as DepthwiseLines
};

constexpr int64_t kFrameBytes = 24 << 10;  // of L1's 32 KB, beside the outputs

class PlaneGrid {
 public:
  // The taps of each entry of `columns` stand together. Frames are of T with `lanes` a vector.
  PlaneGrid(const int64_t* extent, const int64_t* grid, const int64_t* step, std::vector<PlaneTap> taps,
            std::vector<PlaneColumns> columns, int64_t lanes, int64_t item_size);

  int64_t depth() const { return grid_[0]; }
  int64_t height() const { return grid_[1]; }
  int64_t band() const { return band_; }  // rows of outputs of a frame
  int64_t bands() const { return bands_; }
  int64_t frame_size() const;
  int64_t row_step() const { return step_[1] * row_; }  // in the frame, from output row to output row
  const std::vector<PlaneTap>& taps() const { return taps_; }
  const std::vector<PlaneColumns>& columns() const { return columns_; }
  const int64_t* offsets() const { return offsets_.data(); }

  // Whether whole planes need no frame (kernels/depthwise_lines.h).
  bool is_narrow() const;
  NarrowPlane narrow() const { return {extent_[1], extent_[2], -low_[1], grid_[1]}; }

  // What `rows` rows of outputs from (z, y) on see of a plane, into a frame that was zeros before this grid's first.
  template <class T>
  void fill(const T* plane, int64_t z, int64_t y, int64_t rows, T* frame) const;

 private:
  int square_of(const PlaneColumns& columns) const;

  int64_t extent_[kMaxSpatial], grid_[kMaxSpatial], step_[kMaxSpatial];
  int64_t low_[kMaxSpatial] = {},
          reach_[kMaxSpatial] = {};  // of the shifts: least, and from there to the greatest
  std::vector<PlaneTap> taps_;
  std::vector<PlaneColumns> columns_;
  std::vector<int64_t> offsets_;
  int64_t phase_step_ = 0, row_ = 0, slice_ = 0, band_ = 1, bands_ = 0, lanes_ = 0;
};

// All outputs of a window, each of which sees all taps.
template <class T>
PlaneGrid forward_grid(const Window& window);

}  // namespace foldgate
