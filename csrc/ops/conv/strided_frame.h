// Where the tiles of a strided GEMM read their pixels: in the images, or in a frame, a copy of what a sweep needs with
// zeros around it and channels contiguous, which stays in L2. A frame gives every row of outputs evenly spaced windows
// that never leave it but along the depth, where taps are left out (strided_segments.h), turns planes to pixels on the
// way, and sets its own distance between pixels: tiles of 14 rows at a multiple of 4 KB would fall into one set of L1,
// which has eight ways.
#pragma once
#include <algorithm>
#include <cstring>
#include <vector>

#include "core/check.h"
#include "core/divide.h"
#include "kernels/table.h"
#include "ops/conv/tap_gemm.h"

namespace foldgate {

// What one sweep covers: planes [plane, plane + planes) of the batch's (n, depth), rows and columns of each.
struct SweepArea {
  int64_t plane, planes, y, rows, x, width;
  int64_t pixels() const { return planes * rows * width; }
};

template <class T>
class StridedFrame {
 public:
  explicit StridedFrame(const TapGemm<T>& problem)
      : p_(problem), channels_(problem.groups * problem.length), planes_(problem.planes && channels_ > 1) {
    for (int i = 0; i < kMaxSpatial; ++i) {
      low_[i] = p_.taps.empty() ? 0 : p_.taps.front().shift[i];
      int64_t high = low_[i];
      for (const Tap& tap : p_.taps) {
        low_[i] = std::min(low_[i], tap.shift[i]);
        high = std::max(high, tap.shift[i]);
      }
      span_[i] = high - low_[i] + 1;
    }
    in_place_ = (p_.inside || (within(1) && within(2))) && !planes_ && !p_.taps.empty() &&
                !aliases(p_.in.step[3] * p_.step[2]);
    pixel_ = in_place_ ? p_.in.step[3] : channels_ + (aliases(channels_ * p_.step[2]) ? kSpread : 0);
  }

  bool in_place() const { return in_place_; }
  // Whether windows share planes, and no rows.
  bool deep() const { return span_[0] > 1 && span_[1] == 1; }
  int64_t pixel() const { return pixel_; }                // elements from pixel to pixel
  int64_t row_step() const { return p_.step[1] * row_; }  // from row to row of outputs
  int64_t a_step() const { return pixel_ * p_.step[2]; }  // from output to output
  // Input positions of an axis that `outputs` outputs reach.
  int64_t reach(int axis, int64_t outputs) const { return (outputs - 1) * p_.step[axis] + span_[axis]; }

  // Sets the frame's steps, for sweeps of at most this area.
  void shape(const SweepArea& largest) {
    row_ = in_place_ ? p_.in.step[2] : reach(2, largest.width) * pixel_;
    layer_ = in_place_ ? p_.in.step[1] : reach(1, largest.rows) * row_;
    plane_ = span_[0] * layer_;
    size_ = in_place_ ? 0 : largest.planes * plane_;
  }
  int64_t size() const { return size_; }
  int64_t shift(const Tap& tap) const {
    if (in_place_) return tap.shift[0] * layer_ + tap.shift[1] * row_ + tap.shift[2] * pixel_;
    return (tap.shift[0] - low_[0]) * layer_ + (tap.shift[1] - low_[1]) * row_ +
           (tap.shift[2] - low_[2]) * pixel_;
  }

  // Where the window of the first output of the area's plane stands.
  const T* origin(const SweepArea& area, int64_t plane, const T* frame) const {
    if (!in_place_) return frame + plane * plane_;
    const int64_t n = divide(area.plane + plane, p_.grid[0]), z = area.plane + plane - n * p_.grid[0];
    return p_.in.data + n * p_.in.step[0] + z * p_.step[0] * layer_ + area.y * p_.step[1] * row_ +
           area.x * a_step();
  }

  // Rows of a frame, each filled on its own.
  int64_t rows(const SweepArea& area) const { return area.planes * span_[0] * reach(1, area.rows); }
  void fill_row(const SweepArea& area, int64_t index, T* frame) const {
    const int64_t height = reach(1, area.rows), above = divide(index, height), r = index - above * height;
    const int64_t plane = divide(above, span_[0]), layer = above - plane * span_[0];
    const int64_t n = divide(area.plane + plane, p_.grid[0]);
    const int64_t z = (area.plane + plane - n * p_.grid[0]) * p_.step[0] + low_[0] + layer;
    const int64_t y = area.y * p_.step[1] + low_[1] + r, x = area.x * p_.step[2] + low_[2];
    const int64_t width = reach(2, area.width);
    T* target = frame + plane * plane_ + layer * layer_ + r * row_;
    if (z < 0 || z >= p_.in.extent[0]) return;  // nobody reads it
    const bool outside = y < 0 || y >= p_.in.extent[1];
    const int64_t first = outside ? width : std::min(width, std::max<int64_t>(0, -x));
    const int64_t end = outside ? width : std::max(first, std::min(width, p_.in.extent[2] - x));
    zero(target, first);
    if (end > first) copy(n, z, y, x + first, end - first, target + first * pixel_);
    zero(target + end * pixel_, width - end);
  }

 private:
  static constexpr int64_t kSpread = 64 / static_cast<int64_t>(sizeof(T));
  // Whether no window leaves the images along an axis.
  bool within(int axis) const {
    return low_[axis] >= 0 && low_[axis] + reach(axis, p_.grid[axis]) <= p_.in.extent[axis];
  }
  // A multiple of 4 KB from row to row: all rows of a tile in one set of L1.
  static bool aliases(int64_t step) { return step * static_cast<int64_t>(sizeof(T)) % 4096 == 0; }

  void zero(T* target, int64_t pixels) const {
    std::memset(static_cast<void*>(target), 0, static_cast<size_t>(pixels * pixel_) * sizeof(T));
  }
  void copy(int64_t n, int64_t z, int64_t y, int64_t x, int64_t pixels, T* target) const {
    if (planes_) {
      const int64_t layer = p_.in.extent[1] * p_.in.extent[2], plane = p_.in.extent[0] * layer;
      const T* source = p_.in.data + n * channels_ * plane + z * layer + y * p_.in.extent[2] + x;
      return kernels<T>().gemm.transpose(source, plane, channels_, pixels, target, pixel_);
    }
    const T* source =
        p_.in.data + n * p_.in.step[0] + z * p_.in.step[1] + y * p_.in.step[2] + x * p_.in.step[3];
    const size_t bytes = static_cast<size_t>(channels_) * sizeof(T);
    if (pixel_ == channels_ && p_.in.step[3] == channels_) {
      std::memcpy(target, source, static_cast<size_t>(pixels) * bytes);
      return;
    }
    for (int64_t i = 0; i < pixels; ++i) std::memcpy(target + i * pixel_, source + i * p_.in.step[3], bytes);
  }

  const TapGemm<T>& p_;
  int64_t channels_, low_[kMaxSpatial], span_[kMaxSpatial];
  bool planes_, in_place_;
  int64_t pixel_ = 0, row_ = 0, layer_ = 0, plane_ = 0, size_ = 0;
};

}  // namespace foldgate
