// The two names of a winner: its tap number in the window, and its flat position in the plane, (d * H + h) * W + w.
//   position = start of the window + offset of the tap
#pragma once
#include <cstdint>
#include <vector>

#include "core/scratch.h"
#include "ops/pool/geometry.h"
#include "ops/pool/winners.h"

namespace foldgate {

// Offset of every tap from its window's start: from a table where the taps are few enough, computed otherwise.
class TapOffsets {
 public:
  explicit TapOffsets(const Window& window);
  int64_t operator[](int32_t tap) const {
    return table_.empty() ? computed(tap) : table_[static_cast<size_t>(tap)];
  }
  int64_t last() const { return computed(static_cast<int32_t>(window_.taps() - 1)); }
  const int64_t* table() const { return table_.data(); }  // of windows of 256 taps at most, always there
  // None (count 0) where there are so many that looking a tap up is faster.
  TapRuns runs() const { return {runs_.data(), static_cast<int64_t>(runs_.size()), run_length_}; }

 private:
  int64_t computed(int32_t tap) const;
  const Window& window_;
  std::vector<int64_t> table_, runs_;
  int64_t run_length_ = 1;
};

// Windows of neighbouring rows of one slice: rows top .. bottom - 1, columns begin .. end - 1.
struct WindowBlock {
  int64_t image, depth, top, bottom, begin, end;
};

// Winners of blocks, checked and put into their other name. The pointers are those of the block's first window; every
// window has a winner a channel, and rows are as far apart as in the plan's arrays.
class WinnerNames {
 public:
  WinnerNames(const PoolPlan& plan, bool from_positions);

  // Whether each tap is one of its window's inside the image.
  template <class Tap>
  bool check(const Tap* taps, const WindowBlock& block);
  // The taps of positions, each as `check` demands; false, with taps that mean nothing, where one is not.
  template <class Tap>
  bool to_taps(const int64_t* positions, const WindowBlock& block, Tap* taps);
  // The positions of taps that are right.
  template <class Tap>
  void to_positions(const Tap* taps, const WindowBlock& block, int64_t* positions) const;

  const TapOffsets& offsets() const { return offsets_; }
  // Where the winners of a block stand in the array of all.
  int64_t place(const WindowBlock& block) const;
  // Throws IndexError naming the first wrong one of all winners, if one was met.
  void finish(const PoolWinners& given) const { wrong_.check(op_, given); }

 private:
  // Rows and columns of a block whose windows lie wholly inside the image.
  struct Whole {
    int64_t top, bottom, begin, end;
  };
  Whole whole_windows(const WindowBlock& block) const;
  template <class Body>
  bool each_grid(const WindowBlock& block, const Whole& part, Body body) const;
  template <class Good>
  bool each_winner(const WindowBlock& block, int64_t row, int64_t begin, int64_t end, Good good);
  template <class Good>
  bool each_edge(const WindowBlock& block, const Whole& whole, Good good);
  template <class Tap>
  bool any_too_large(const Tap* taps, const WindowBlock& block, const Whole& whole) const;

  const char* const op_;
  const int64_t pixel_;
  const Window& window_;
  const WinnerRule rule_;
  const TapOffsets offsets_;
  FirstWrong wrong_;
};

// Winners as tap numbers, every one checked: the given arrays themselves, or converted ones that `converted` owns.
// Throws IndexError naming the first that is not a tap of its window inside the image.
struct ConvertedTaps {
  Scratch<uint8_t> bytes;
  Scratch<int32_t> ints;
};
PoolWinners checked_taps(const PoolPlan& plan, const PoolWinners& winners, ConvertedTaps& converted);

}  // namespace foldgate
