// How the pixels that a kernel gradient sums over are cut, by shape alone, and the terms, which no sum runs over:
//
//   row      a row of outputs, (image, depth, height); a long one is several pieces
//   block    neighbouring rows, or one piece: what lies packed in L2 while all taps and tiles pass over it
//   part     blocks with an accumulator of their own, so that a small kernel gives several threads work
//   round    of a part: after each the pool may answer an interrupt
//   share    some of the tiles of a part, where there are too few parts
#pragma once
#include <algorithm>

#include "core/check.h"
#include "kernels/gemm.h"
#include "ops/conv/partial_sums.h"
#include "ops/conv/plan.h"

namespace foldgate {

// Output pixels [first, first + count) of each of the rows [row, row + rows).
struct WeightBlock {
  int64_t row, rows, first, count;
  int64_t pixels() const { return rows * count; }
};

class WeightBlocks {
 public:
  // `terms` of a group, in tiles of `tallest` at most: what shares are made of.
  WeightBlocks(const ConvPlan& plan, int64_t batch, int64_t terms, int64_t tallest, int64_t element_bytes)
      : tiles_(terms, tallest), width_(plan.window.width().output) {
    const Window& w = plan.window;
    rows_ = batch * w.depth().output * w.height().output;
    const int64_t met =
        plan.in_channels * w.width().stride * std::min(w.height().stride, w.height().extent());
    const int64_t held = std::min(kMostPixels, kBlockBytes / ((met + plan.out_channels) * element_bytes));
    const int64_t pixels = std::max(kLeastPixels, held);
    pieces_a_row_ = ceil_div(width_, width_ > 2 * pixels ? pixels : width_);
    const int64_t pieces = rows_ * pieces_a_row_;
    const int64_t largest = pieces_a_row_ > 1 ? 1 : std::max<int64_t>(1, pixels / width_);
    const int64_t least = ceil_div(pieces, largest);
    parts_ = std::min(least, weight_parts(plan.kernel_size() * element_bytes, rows_ * width_ / kPartPixels));
    blocks_ = std::min(pieces, parts_ * ceil_div(least, parts_));
    work_ = static_cast<double>(rows_ * width_) * static_cast<double>(plan.kernel_size());
    // Two threads halve an even number of tiles.
    const bool halved = parts_ == 1 && work_ >= kParallelWork && get_num_threads() > 1;
    if (halved && plan.groups == 1 && tiles_.parts % 2 == 1 && tiles_.parts < kTasks)
      tiles_ = EvenSplit(terms, ceil_div(terms, tiles_.parts + 1));
    units_ = plan.groups * tiles_.parts;
    shares_ = std::min(units_, ceil_div(kTasks, parts_));
    const int64_t columns = plan.groups * plan.group_out();
    const int64_t packed = shares_ > 1 ? rows_ * width_ * columns * element_bytes / kPackedBytes : 0;
    rounds_ = std::max(static_cast<int64_t>(work_ / (kTaskWork * static_cast<double>(tasks()))), packed);
    rounds_ = std::min(1 + rounds_, blocks_ / parts_);
  }

  int64_t parts() const { return parts_; }
  int64_t shares() const { return shares_; }
  int64_t rounds() const { return rounds_; }
  int64_t tasks() const { return parts_ * shares_; }
  double work() const { return work_; }
  const EvenSplit& tiles() const { return tiles_; }                             // of the terms of a group
  int64_t first_tile(int64_t share) const { return units_ * share / shares_; }  // of all groups
  int64_t most_tiles() const { return ceil_div(units_, shares_); }

  int64_t first_block(int64_t part, int64_t round) const {
    const int64_t slots = parts_ * rounds_;
    return blocks_ * (part * rounds_ + round) / slots;
  }
  int64_t end_block(int64_t part, int64_t round) const { return first_block(part, round + 1); }
  int64_t most_blocks() const { return ceil_div(blocks_, parts_ * rounds_); }

  WeightBlock block(int64_t index) const {
    const EvenSplit split(rows_ * pieces_a_row_, 1);
    const int64_t begin = split.total * index / blocks_, end = split.total * (index + 1) / blocks_;
    if (pieces_a_row_ == 1) return {begin, end - begin, 0, width_};
    const int64_t piece = begin % pieces_a_row_, first = width_ * piece / pieces_a_row_;
    return {begin / pieces_a_row_, 1, first, width_ * (piece + 1) / pieces_a_row_ - first};
  }
  int64_t most_rows() const { return pieces_a_row_ > 1 ? 1 : ceil_div(rows_, blocks_); }
  int64_t most_pixels() const { return most_rows() * ceil_div(width_, pieces_a_row_); }

 private:
  // Packed x and dy of a block: half of an L2 of 1 MB. A tile adds to its sums once a block, so few pixels cost (64 of
  // them 15 %, 128 8 %), and from 640 on nothing is gained.
  static constexpr int64_t kBlockBytes = 512 << 10;
  static constexpr int64_t kLeastPixels = 128, kMostPixels = 640;
  // Enough tasks for a few threads; the most multiply-adds of one: ~10 ms, so that an interrupt is answered.
  static constexpr int64_t kTasks = 8;
  static constexpr double kTaskWork = 5e8;
  // A part is worth its copy of the kernel from so many pixels on: joining it costs them 1.5 %.
  static constexpr int64_t kPartPixels = 384;
  // Of dy, packed ahead of a round for all shares.
  static constexpr int64_t kPackedBytes = 4 << 20;

  EvenSplit tiles_;
  int64_t width_, units_ = 1, rows_ = 0, pieces_a_row_ = 1, blocks_ = 1;
  int64_t parts_ = 1, shares_ = 1, rounds_ = 1;
  double work_ = 0;
};

}  // namespace foldgate
