#include "ops/pool/indices.h"

#include "kernels/table.h"
#include "ops/pool/winners.h"

namespace foldgate {
namespace {

// Walks all winners, row by row, on the way to taps that kernels may trust.
template <class T>
class Checker {
 public:
  Checker(const PoolPlan& plan, const PoolWinners& winners)
      : plan_(plan),
        rule_(plan.window, winners.positions != nullptr),
        kernels_(kernels<T>().pool),
        tasks_(plan.images, plan.window.depth().output, plan.window.height().output,
               plan.window.width().output, static_cast<double>(plan.pixel)),
        given_(winners) {}

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
    tasks_.run([&](int, const RowSegment& at) { body(at); });
    wrong_.check(given_);
  }

  template <class Tap>
  void check_row(const Tap* taps, const RowSegment& at) {
    const int64_t first = at.row * plan_.window.width().output;
    auto each = [&](int64_t from, int64_t to) {
      for (int64_t o = from; o < to; ++o)
        for (int64_t i = (first + o) * plan_.pixel; i < (first + o + 1) * plan_.pixel; ++i)
          if (!rule_.is_inside(taps[i], at, o)) return wrong_.report(i);
    };
    if (!rule_.inner_row(at)) return each(at.begin, at.end);
    // Windows wholly inside: their largest tap number says it all, unless it is wrong.
    const int64_t from = std::min(at.end, std::max(at.begin, rule_.inner_begin()));
    const int64_t to = std::max(from, std::min(at.end, rule_.inner_end()));
    each(at.begin, from);
    if (too_large(taps + (first + from) * plan_.pixel, (to - from) * plan_.pixel)) each(from, to);
    each(to, at.end);
  }

  bool too_large(const uint8_t* taps, int64_t n) const {
    return plan_.window.taps() < 256 && kernels_.largest(taps, n) >= plan_.window.taps();
  }
  bool too_large(const int32_t* taps, int64_t n) const {
    bool wrong = false;
    for (int64_t i = 0; i < n; ++i) wrong |= !rule_.is_tap(taps[i]);
    return wrong;
  }

  template <class Tap>
  bool convert_row(Tap* taps, const RowSegment& at) {
    const int64_t first = at.row * plan_.window.width().output;
    int64_t start = window_start(plan_.window, at);
    for (int64_t o = at.begin; o < at.end; ++o, start += plan_.window.width().stride)
      for (int64_t i = (first + o) * plan_.pixel; i < (first + o + 1) * plan_.pixel; ++i) {
        const int32_t tap = rule_.tap_at(given_.positions[i], start, at, o);
        if (tap < 0) {
          wrong_.report(i);
          return false;
        }
        taps[i] = static_cast<Tap>(tap);
      }
    return true;
  }

  const PoolPlan& plan_;
  const WinnerRule rule_;
  const PoolKernels<T>& kernels_;
  const RowTasks tasks_;
  const PoolWinners given_;
  FirstWrong wrong_;
};

}  // namespace

int64_t window_start(const Window& window, const RowSegment& at) {
  const WindowAxis &depth = window.depth(), &height = window.height(), &width = window.width();
  const int64_t z = at.depth * depth.stride - depth.before, y = at.height * height.stride - height.before;
  return (z * height.input + y) * width.input + at.begin * width.stride - width.before;
}

TapOffsets::TapOffsets(const Window& window) : window_(window) {
  constexpr int64_t kLargestTable = 1 << 16;
  if (window.taps() > kLargestTable) return;
  for (int32_t tap = 0; tap < window.taps(); ++tap) table_.push_back(computed(tap));
}

int64_t TapOffsets::computed(int32_t tap) const {
  const WindowAxis &depth = window_.depth(), &height = window_.height(), &width = window_.width();
  const int64_t x = tap % width.kernel, y = tap / width.kernel % height.kernel,
                z = tap / width.kernel / height.kernel;
  return (z * depth.dilation * height.input + y * height.dilation) * width.input + x * width.dilation;
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
