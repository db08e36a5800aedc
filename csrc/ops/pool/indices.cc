#include "ops/pool/indices.h"

#include <atomic>
#include <limits>

#include "kernels/table.h"
#include "ops/pool/geometry.h"

namespace foldgate {
namespace {

constexpr const char* kOp = "max_pool_backward";
constexpr int64_t kLargestTable = 1 << 16;
constexpr int64_t kNone = std::numeric_limits<int64_t>::max();

struct Coordinates {
  int32_t depth, height, width;
};

// Walks all winners, row by row, on the way to taps that kernels may trust.
template <class T>
class Checker {
 public:
  Checker(const PoolPlan& plan, const PoolWinners& winners)
      : plan_(plan),
        window_(plan.window),
        kernels_(kernels<T>().pool),
        depth_(tap_ranges(window_.depth())),
        height_(tap_ranges(window_.height())),
        width_(tap_ranges(window_.width())),
        tasks_(plan.images, window_.depth().output, window_.height().output, window_.width().output,
               static_cast<double>(plan.pixel)),
        given_(winners) {
    auto inner = [&](int64_t o) { return whole(width_[static_cast<size_t>(o)], window_.width()); };
    while (inner_begin_ < window_.width().output && !inner(inner_begin_)) ++inner_begin_;
    inner_end_ = inner_begin_;
    while (inner_end_ < window_.width().output && inner(inner_end_)) ++inner_end_;
    if (plan.byte_taps())
      for (int32_t tap = 0; tap < window_.taps(); ++tap) table_.push_back(divided(tap));
    if (winners.positions) make_lookup();
  }

  template <class Tap>
  void check(const Tap* taps) {
    walk([&](const RowSegment& at) { check_row(taps, at); });
  }

  template <class Tap>
  void convert(Tap* taps) {
    walk([&](const RowSegment& at) {
      if (convert_row(taps, at)) check_row(taps, at);
    });
  }

 private:
  template <class Body>
  void walk(Body body) {
    tasks_.run([&](int, const RowSegment& at) { body(at); }, [] {});
    const int64_t at = wrong_.load();
    if (at == kNone) return;
    const int64_t found = given_.positions ? given_.positions[at]
                          : given_.bytes   ? given_.bytes[at]
                                           : given_.ints[at];
    throw std::out_of_range(text(
        kOp, ": indices hold ", found, "; expected ",
        given_.positions ? "a position of its own window" : "a tap of its own window", " inside the image"));
  }

  // The lowest wrong element is named, whoever finds it.
  void report(int64_t at) {
    int64_t known = wrong_.load();
    while (at < known && !wrong_.compare_exchange_weak(known, at)) {
    }
  }

  static bool whole(TapRange range, const WindowAxis& axis) {
    return range.first == 0 && range.last == axis.kernel;
  }
  static bool inside(int32_t tap, TapRange range) { return tap >= range.first && tap < range.last; }

  Coordinates divided(int32_t tap) const {
    const int32_t width = static_cast<int32_t>(window_.width().kernel);
    const int32_t height = static_cast<int32_t>(window_.height().kernel);
    return {tap / width / height, tap / width % height, tap % width};
  }

  template <class Tap>
  void check_row(const Tap* taps, const RowSegment& at) {
    const int64_t first = at.row * window_.width().output;
    const TapRange z = depth_[static_cast<size_t>(at.depth)], y = height_[static_cast<size_t>(at.height)];
    auto each = [&](int64_t from, int64_t to) {
      for (int64_t o = from; o < to; ++o) check_pixel(taps, first + o, z, y, width_[static_cast<size_t>(o)]);
    };
    if (!whole(y, window_.height()) || !whole(z, window_.depth())) return each(at.begin, at.end);
    // Windows wholly inside: their largest tap number says it all, unless it is wrong.
    const int64_t from = std::min(at.end, std::max(at.begin, inner_begin_));
    const int64_t to = std::max(from, std::min(at.end, inner_end_));
    each(at.begin, from);
    if (too_large(taps + (first + from) * plan_.pixel, (to - from) * plan_.pixel)) each(from, to);
    each(to, at.end);
  }

  bool too_large(const uint8_t* taps, int64_t n) const {
    return window_.taps() < 256 && kernels_.largest(taps, n) >= window_.taps();
  }
  bool too_large(const int32_t* taps, int64_t n) const {
    bool wrong = false;
    for (int64_t i = 0; i < n; ++i) wrong |= taps[i] < 0 || taps[i] >= window_.taps();
    return wrong;
  }

  template <class Tap>
  void check_pixel(const Tap* taps, int64_t output, TapRange z, TapRange y, TapRange x) {
    for (int64_t i = output * plan_.pixel; i < (output + 1) * plan_.pixel; ++i) {
      const int32_t tap = taps[i];
      if (tap < 0 || tap >= window_.taps()) return report(i);
      const Coordinates c = table_.empty() ? divided(tap) : table_[static_cast<size_t>(tap)];
      if (!inside(c.depth, z) || !inside(c.height, y) || !inside(c.width, x)) return report(i);
    }
  }

  // Offset from the window's start -> tap, where every tap has an offset of its own and the offsets are few.
  void make_lookup() {
    const std::vector<int64_t> offsets = tap_offsets(window_);
    const bool distinct = window_.width().extent() <= window_.width().input &&
                          window_.height().extent() <= window_.height().input;
    if (!distinct || offsets.back() >= kLargestTable) return;
    lookup_.assign(static_cast<size_t>(offsets.back()) + 1, -1);
    for (size_t tap = 0; tap < offsets.size(); ++tap)
      lookup_[static_cast<size_t>(offsets[tap])] = static_cast<int32_t>(tap);
  }

  // -1 where the position is not one of the window that starts at `start`.
  int32_t tap_at(int64_t position, int64_t start, const RowSegment& at, int64_t column) const {
    if (position < 0 || position >= window_.input_positions()) return -1;
    if (lookup_.empty()) return tap_by_division(position, {at.depth, at.height, column});
    const uint64_t offset = static_cast<uint64_t>(position - start);
    return offset < lookup_.size() ? lookup_[offset] : -1;
  }

  int32_t tap_by_division(int64_t position, const int64_t (&outputs)[kMaxSpatial]) const {
    int64_t tap = 0, scale = 1;
    for (int i = kMaxSpatial - 1; i >= 0; --i) {
      const WindowAxis& axis = window_.axes[i];
      const int64_t offset = position % axis.input - (outputs[i] * axis.stride - axis.before);
      if (offset < 0 || offset % axis.dilation != 0 || offset / axis.dilation >= axis.kernel) return -1;
      tap += offset / axis.dilation * scale;
      scale *= axis.kernel;
      position /= axis.input;
    }
    return static_cast<int32_t>(tap);
  }

  template <class Tap>
  bool convert_row(Tap* taps, const RowSegment& at) {
    const int64_t first = at.row * window_.width().output;
    int64_t start = window_start(window_, at);
    for (int64_t o = at.begin; o < at.end; ++o, start += window_.width().stride)
      for (int64_t i = (first + o) * plan_.pixel; i < (first + o + 1) * plan_.pixel; ++i) {
        const int32_t tap = tap_at(given_.positions[i], start, at, o);
        if (tap < 0) {
          report(i);
          return false;
        }
        taps[i] = static_cast<Tap>(tap);
      }
    return true;
  }

  const PoolPlan& plan_;
  const Window& window_;
  const PoolKernels<T>& kernels_;
  const std::vector<TapRange> depth_, height_, width_;
  const RowTasks tasks_;
  const PoolWinners given_;
  int64_t inner_begin_ = 0, inner_end_ = 0;  // columns whose windows lie inside the image along the width
  std::vector<Coordinates> table_;           // of every tap, where they are few
  std::vector<int32_t> lookup_;
  std::atomic<int64_t> wrong_{kNone};
};

}  // namespace

int64_t window_start(const Window& window, const RowSegment& at) {
  const WindowAxis &depth = window.depth(), &height = window.height(), &width = window.width();
  const int64_t z = at.depth * depth.stride - depth.before, y = at.height * height.stride - height.before;
  return (z * height.input + y) * width.input + at.begin * width.stride - width.before;
}

std::vector<int64_t> tap_offsets(const Window& window) {
  std::vector<int64_t> offsets;
  offsets.reserve(static_cast<size_t>(window.taps()));
  const WindowAxis &depth = window.depth(), &height = window.height(), &width = window.width();
  for (int64_t z = 0; z < depth.kernel; ++z)
    for (int64_t y = 0; y < height.kernel; ++y)
      for (int64_t x = 0; x < width.kernel; ++x)
        offsets.push_back((z * depth.dilation * height.input + y * height.dilation) * width.input +
                          x * width.dilation);
  return offsets;
}

template <class T>
PoolWinners checked_taps(const PoolPlan& plan, const PoolWinners& winners, ConvertedTaps& converted) {
  Checker<T> checker(plan, winners);
  if (winners.bytes) {
    checker.check(winners.bytes);
    return winners;
  }
  if (winners.ints) {
    checker.check(winners.ints);
    return winners;
  }
  PoolWinners taps;
  if (plan.byte_taps()) {
    converted.bytes = Scratch<uint8_t>(plan.outputs());
    checker.convert(converted.bytes.data());
    taps.bytes = converted.bytes.data();
  } else {
    converted.ints = Scratch<int32_t>(plan.outputs());
    checker.convert(converted.ints.data());
    taps.ints = converted.ints.data();
  }
  return taps;
}

template PoolWinners checked_taps<float>(const PoolPlan&, const PoolWinners&, ConvertedTaps&);
template PoolWinners checked_taps<double>(const PoolPlan&, const PoolWinners&, ConvertedTaps&);

}  // namespace foldgate
