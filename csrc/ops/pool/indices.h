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

// Offset of every tap from its window's start.
std::vector<int64_t> tap_offsets(const Window& window);

// Winners as tap numbers, every one checked to be a tap of its window inside the image: the given arrays themselves,
// or converted ones that `converted` owns. Throws IndexError naming the first that is not.
struct ConvertedTaps {
  Scratch<uint8_t> bytes;
  Scratch<int32_t> ints;
};
template <class T>
PoolWinners checked_taps(const PoolPlan& plan, const PoolWinners& winners, ConvertedTaps& converted);

}  // namespace foldgate
