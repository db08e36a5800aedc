#include "ops/pool/winners.h"

#include <stdexcept>

#include "ops/pool/indices.h"

namespace foldgate {
namespace {

constexpr int64_t kLargestLookup = 1 << 16;
constexpr int64_t kLargestTable = 256;

InnerOutputs inner_outputs(const std::vector<TapRange>& ranges, int64_t taps) {
  auto whole = [&](int64_t o) {
    const TapRange& range = ranges[static_cast<size_t>(o)];
    return range.first == 0 && range.last == taps;
  };
  InnerOutputs inner;
  const auto outputs = static_cast<int64_t>(ranges.size());
  while (inner.begin < outputs && !whole(inner.begin)) ++inner.begin;
  inner.end = inner.begin;
  while (inner.end < outputs && whole(inner.end)) ++inner.end;
  return inner;
}

}  // namespace

WinnerRule::WinnerRule(const Window& window, bool positions)
    : window_(window),
      taps_(window.taps()),
      depth_(tap_ranges(window.depth())),
      height_(tap_ranges(window.height())),
      width_(tap_ranges(window.width())) {
  for (int i = 0; i < kMaxSpatial; ++i)
    inner_[i] = inner_outputs(i == 0 ? depth_ : i == 1 ? height_ : width_, window.axes[i].kernel);
  if (taps_ <= kLargestTable)
    for (int32_t tap = 0; tap < taps_; ++tap) table_.push_back(divided(tap));
  if (positions) make_lookup();
}

WinnerRule::Coordinates WinnerRule::divided(int32_t tap) const {
  const int32_t width = static_cast<int32_t>(window_.width().kernel);
  const int32_t height = static_cast<int32_t>(window_.height().kernel);
  return {tap / width / height, tap / width % height, tap % width};
}

void WinnerRule::make_lookup() {
  const bool distinct = window_.width().extent() <= window_.width().input &&
                        window_.height().extent() <= window_.height().input;
  const TapOffsets offsets(window_);
  if (!distinct || offsets.last() >= kLargestLookup) return;
  lookup_.assign(static_cast<size_t>(offsets.last()) + 1, -1);
  for (int32_t tap = 0; tap < taps_; ++tap) lookup_[static_cast<size_t>(offsets[tap])] = tap;
}

int32_t WinnerRule::tap_by_division(int64_t position, const int64_t (&outputs)[kMaxSpatial]) const {
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

void FirstWrong::check(const char* op, const PoolWinners& winners) const {
  const int64_t at = at_.load();
  if (at == kNone) return;
  const int64_t found = winners.positions ? winners.positions[at]
                        : winners.bytes   ? winners.bytes[at]
                                          : winners.ints[at];
  throw std::out_of_range(text(op, ": indices hold ", found, "; expected a ",
                               winners.positions ? "position" : "tap",
                               " of its own window inside the image"));
}

void FirstWrong::check(const char* op, const int64_t* positions, const char* expected) const {
  const int64_t at = at_.load();
  if (at != kNone)
    throw std::out_of_range(text(op, ": indices hold ", positions[at], "; expected a ", expected));
}

}  // namespace foldgate
