// The two names of a winner: its tap number in the window, and its flat position in the plane, (d * H + h) * W + w.
//   position = start of the window + offset of the tap
#pragma once
#include <cstdint>
#include <vector>

#include "core/scratch.h"
#include "ops/pool/geometry.h"

namespace foldgate {

// Position of tap 0 of a segment's first window; it may lie outside the plane.
int64_t window_start(const Window& window, const RowSegment& at);

// Offset of every tap from its window's start: from a table where the taps are few enough, computed otherwise.
class TapOffsets {
 public:
  explicit TapOffsets(const Window& window);
  int64_t operator[](int32_t tap) const {
    return table_.empty() ? computed(tap) : table_[static_cast<size_t>(tap)];
  }
  int64_t last() const { return computed(static_cast<int32_t>(window_.taps() - 1)); }

 private:
  int64_t computed(int32_t tap) const;
  const Window& window_;
  std::vector<int64_t> table_;
};

// Winners as tap numbers, every one checked to be a tap of its window inside the image: the given arrays themselves,
// or converted ones that `converted` owns. Throws IndexError naming the first that is not.
struct ConvertedTaps {
  Scratch<uint8_t> bytes;
  Scratch<int32_t> ints;
};
template <class T>
PoolWinners checked_taps(const PoolPlan& plan, const PoolWinners& winners, ConvertedTaps& converted);

}  // namespace foldgate
