// Which winners a window may have: its own taps inside the image.
#pragma once
#include <atomic>
#include <vector>

#include "ops/pool/geometry.h"

namespace foldgate {

struct InnerOutputs {
  int64_t begin = 0, end = 0;
};

class WinnerRule {
 public:
  WinnerRule(const Window& window, bool positions);

  TapRange depth_range(int64_t o) const { return depth_[static_cast<size_t>(o)]; }
  TapRange height_range(int64_t o) const { return height_[static_cast<size_t>(o)]; }
  TapRange width_range(int64_t o) const { return width_[static_cast<size_t>(o)]; }

  // Outputs along an axis whose taps all lie inside the image.
  const InnerOutputs& inner(int axis) const { return inner_[axis]; }

  bool is_tap(int32_t tap) const { return tap >= 0 && tap < taps_; }
  // Whether a tap number lies inside the image in the window of column o of a row.
  bool is_inside(int32_t tap, const RowSegment& at, int64_t o) const {
    if (!is_tap(tap)) return false;
    const Coordinates c = table_.empty() ? divided(tap) : table_[static_cast<size_t>(tap)];
    return within(c.depth, depth_range(at.depth)) && within(c.height, height_range(at.height)) &&
           within(c.width, width_range(o));
  }

  // The tap of a position in the plane, in the window of column o of a row; -1 if it is none. It may be one in the
  // padding: is_inside says.
  int32_t tap_at(int64_t position, const RowSegment& at, int64_t o) const {
    if (position < 0 || position >= window_.input_positions()) return -1;
    if (lookup_.empty()) return tap_by_division(position, {at.depth, at.height, o});
    const WindowAxis &depth = window_.depth(), &height = window_.height(), &width = window_.width();
    const int64_t z = at.depth * depth.stride - depth.before, y = at.height * height.stride - height.before;
    const int64_t start = (z * height.input + y) * width.input + o * width.stride - width.before;
    const uint64_t offset = static_cast<uint64_t>(position - start);
    return offset < lookup_.size() ? lookup_[offset] : -1;
  }

 private:
  struct Coordinates {
    int32_t depth, height, width;
  };
  static bool within(int32_t tap, TapRange range) { return tap >= range.first && tap < range.last; }
  Coordinates divided(int32_t tap) const;
  int32_t tap_by_division(int64_t position, const int64_t (&outputs)[kMaxSpatial]) const;
  void make_lookup();

  const Window& window_;
  const int64_t taps_;
  const std::vector<TapRange> depth_, height_, width_;
  InnerOutputs inner_[kMaxSpatial];
  std::vector<Coordinates> table_;  // of every tap, where they are few
  std::vector<int32_t> lookup_;  // offset from the window's start -> tap, where each has an offset of its own
};

// The lowest wrong winner, whichever thread finds it.
class FirstWrong {
 public:
  void report(int64_t at) {
    int64_t known = at_.load(std::memory_order_relaxed);
    while (at < known && !at_.compare_exchange_weak(known, at)) {
    }
  }
  // Throws IndexError (std::out_of_range) naming it, if there is one.
  void check(const char* op, const PoolWinners& winners) const;
  void check(const char* op, const int64_t* positions, const char* expected) const;

 private:
  static constexpr int64_t kNone = INT64_MAX;
  std::atomic<int64_t> at_{kNone};
};

}  // namespace foldgate
