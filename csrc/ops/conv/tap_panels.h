// The weights of a tap GEMM as its tiles read them: panels of columns, in blocks of taps and channels.
#pragma once
#include <algorithm>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/gemm.h"
#include "ops/conv/tap_gemm.h"

namespace foldgate {

// One pass of the inner dimension: taps [tap, tap + taps), channels [k, k + length) of each.
struct TapBlock {
  int64_t tap, taps, k, length;
  bool first, last;  // of the whole sum
};

struct TapPanel {
  int64_t group, column, columns, width;  // columns of the group; width: columns rounded up to whole vectors
};

// The weights are packed once for all sweeps (pack_all), or a block at a time into the worker's scratch where a single
// sweep passes; whole rows of the kernel at once, since that is how they lie in memory. Reading them in place, unaligned,
// splits most vectors across two cache lines, which costs more than packing does. Up to dots_columns columns are vectors along
// k, in place where k is contiguous.
//
// Packed: for every tap and stretch of its channels, [panel][k][width], or for dots [group][column][k].
template <class T>
class TapPanels {
 public:
  TapPanels(const TapGemm<T>& problem, const GemmKernels<T>& gemm)
      : p_(problem),
        gemm_(gemm),
        dots_(p_.columns <= gemm.dots_columns && p_.length >= gemm.lanes),
        in_place_(dots_ && p_.k_step == 1),
        shape_(panel_shape(gemm, problem.columns)),
        per_group_(dots_ ? 1 : ceil_div(p_.columns, shape_.width)),
        depth_(dots_ ? p_.length : kDepth),
        kept_(p_.packed && p_.packed->form == form() ? p_.packed->data.data() : nullptr) {}

  WeightForm form() const {
    if (in_place_) return {WeightForm::kPlain, p_.groups, 0, &gemm_};
    return {WeightForm::kTaps, p_.groups, dots_ ? 0 : shape_.width, &gemm_};
  }
  bool kept() const { return kept_ != nullptr; }
  bool packed() const { return all() != nullptr; }
  PackedWeights<T> take() { return {form(), std::move(packed_)}; }

  bool dots() const { return dots_; }
  int64_t tile_rows() const { return dots_ ? gemm_.dots_rows : shape_.rows; }
  int64_t count() const { return p_.groups * per_group_; }
  int64_t column(int64_t panel) const {  // among the columns of all groups
    return panel / per_group_ * p_.columns + panel % per_group_ * shape_.width;
  }
  TapPanel panel(int64_t index) const {
    const int64_t start = index % per_group_ * shape_.width, left = p_.columns - start;
    if (dots_) return {index, 0, p_.columns, p_.columns};
    const int64_t width = panel_width(gemm_, shape_, left);
    return {index / per_group_, start, std::min(width, left), width};
  }

  // Packs everything, before the sweeps.
  void pack_all(int workers) {
    if (in_place_ || kept_) return;
    const EvenSplit lengths(p_.length, depth_);
    packed_ = Scratch<T>(taps() * p_.length * offset(count()));
    // Shares of the rows of a stretch: few taps are enough for several workers.
    const int64_t shares = dots_ ? 1 : ceil_div(ceil_div(p_.length, lengths.parts), kPackTerms);
    parallel_for(taps() * lengths.parts * shares, workers, [&](int64_t unit, int) {
      const int64_t tap = unit / shares / lengths.parts, l = unit / shares % lengths.parts;
      const int64_t k = lengths.begin(l), length = lengths.size(l);
      T* target = packed_.data() + (tap * p_.length + k) * offset(count());
      const int64_t first = length * (unit % shares) / shares, end = length * (unit % shares + 1) / shares;
      if (shares == 1)
        pack(tap, k, length, 0, count(), target);
      else
        pack_rows(tap, k, length, first, end - first, target);
    });
  }

  // Or: packs blocks as they come, for at most `panels` panels at a time. Returns the room for one.
  int64_t pack_blocks(int64_t panels) {
    if (in_place_) return 0;
    const int64_t columns = panels * (dots_ ? p_.columns : shape_.width);
    if (!dots_)
      depth_ =
          std::max(kLeastDepth, std::min(kDepth, kBlockBytes / (columns * static_cast<int64_t>(sizeof(T)))));
    const int64_t rows = taps() * p_.length;
    return columns * (dots_ ? rows : std::min(rows, depth_));
  }

  // Blocks of one tap from now on.
  void part_taps() { depth_ = std::min(depth_, p_.length); }

  // body(block, next) for the blocks that cover `count` taps from `tap` on, in order; after the last one next.taps is 0.
  // Their size is set by shape alone.
  template <class Body>
  void for_each_block(int64_t tap, int64_t count, Body body) const {
    if (count == 0) return body(TapBlock{0, 0, 0, 0, true, true}, TapBlock{});
    const EvenSplit lengths(p_.length, depth_);
    const EvenSplit steps(count, dots_ ? count : std::max<int64_t>(1, depth_ / p_.length));
    TapBlock block{};
    for (int64_t i = 0; i <= steps.parts * lengths.parts; ++i) {
      const int64_t s = i / lengths.parts, l = i % lengths.parts;
      TapBlock next{};
      if (s < steps.parts) {
        next = {tap + steps.begin(s), steps.size(s), lengths.begin(l), lengths.size(l), false, false};
        next.first = next.tap == 0 && l == 0;
        next.last = next.tap + next.taps == taps() && l + 1 == lengths.parts;
      }
      if (i > 0) body(block, next);
      block = next;
    }
  }

  // Tile i of `tiles` that a panel meets.
  struct Share {
    int64_t i, tiles;
  };
  // What a tile fetches while it multiplies `block` of a panel of [first, end): the panel that comes next, or, where blocks
  // are packed as they come, its own rows of the next block, of which the others take theirs.
  void fetch_next(int64_t index, int64_t first, int64_t end, const TapBlock& block, const TapBlock& next,
                  const Share& share, Tile<T>& tile) const {
    if (packed() && index + 1 < end) return fetch(index + 1, block, share, tile);
    fetch(packed() ? first : index, next, share, tile);
  }

  // The weights of a block of a panel, from the first on, as a tile may fetch them while it multiplies others: each its
  // share. Where blocks are packed as they come, the kernel's rows.
  void fetch(int64_t index, const TapBlock& block, const Share& share, Tile<T>& tile) const {
    const auto [i, tiles] = share;
    const int64_t line = kLineBytes / static_cast<int64_t>(sizeof(T)), width = panel(index).width;
    tile.fetch = nullptr;
    if (dots_ || block.taps == 0) return;
    if (const T* const all = this->all()) {
      const int64_t row = offset(count());
      tile.fetch = all + (block.tap * p_.length + block.k) * row + offset(index) * block.length +
                   block.length * width / line * i / tiles * line;
      tile.fetch_segment = row * p_.length;
      tile.fetch_step = line;
    } else {
      const TapPanel at = panel(index);
      const Tap& tap = p_.taps[static_cast<size_t>(block.tap)];
      const T* const from = p_.weights + tap.weights + at.group * p_.group_step + block.k * p_.k_step +
                            at.column * p_.column_step;
      tile.fetch_segment =
          block.taps > 1 ? p_.taps[static_cast<size_t>(block.tap + 1)].weights - tap.weights : 0;
      if (p_.column_step == 1) {
        tile.fetch = from + i * line % (width + line);  // rows that are not aligned end in a line more
        tile.fetch_step = p_.k_step;
      } else if (p_.column_step == block.length) {  // the panel is one stretch
        tile.fetch = from + at.columns * block.length / line * i / tiles * line;
        tile.fetch_step = line;
      }
    }
  }

  // A block of panels [first, end), where it must be packed.
  void load(const TapBlock& block, int64_t first, int64_t end, T* scratch) const {
    if (in_place_ || all()) return;
    const int64_t size = block.length * (offset(end) - offset(first));
    for (int64_t s = 0; s < block.taps; ++s)
      pack(block.tap + s, block.k, block.length, first, end, scratch + s * size);
  }

  // Points b at the first row of each of the block's taps; returns the step from row to row (dots: column to column).
  // `first`, `end`, `scratch`: as given to load().
  int64_t place(int64_t index, const TapBlock& block, int64_t first, int64_t end, const T* scratch,
                const T** b) const {
    if (in_place_) {
      const T* base = p_.weights + index * p_.group_step;
      for (int64_t s = 0; s < block.taps; ++s)
        b[s] = base + p_.taps[static_cast<size_t>(block.tap + s)].weights;
      return p_.column_step;
    }
    const T* const all = this->all();
    const int64_t row = all ? offset(count()) : offset(end) - offset(first);
    const int64_t begin = offset(index) - (all ? 0 : offset(first));
    const int64_t step = row * (all ? p_.length : block.length);
    const T* base = (all ? all + (block.tap * p_.length + block.k) * row : scratch) + begin * block.length;
    for (int64_t s = 0; s < block.taps; ++s) b[s] = base + s * step;
    return dots_ ? block.length : panel(index).width;
  }

 private:
  // Rows of a B panel of 4 vectors: 288 KB on AVX-512, in L2 beside a sweep's input.
  static constexpr int64_t kDepth = 1152;
  // A block packed for one sweep is written to L2 and read from there, and the kernel's rows of the next one come into L2
  // meanwhile. Rows of 2 KB leave a stretch of 512 B in each a quarter of the sets, 256 KB: blocks of 256 KB lost half of
  // what was fetched (512 channels of 7x7 1.15 times the time).
  static constexpr int64_t kBlockBytes = 128 << 10;
  static constexpr int64_t kLeastDepth = 96;
  static constexpr int64_t kPackTerms = 64;
  static constexpr int64_t kLineBytes = 64;

  int64_t taps() const { return static_cast<int64_t>(p_.taps.size()); }
  const T* all() const {
    return kept_ ? kept_ : packed_.data();
  }  // null where blocks are packed as they come
  // Packed columns of a row before a panel.
  int64_t offset(int64_t index) const {
    if (dots_) return index * p_.columns;
    return index / per_group_ * padded_columns(gemm_, p_.columns) + index % per_group_ * shape_.width;
  }

  // Channels [k, k + length) of a tap, panels [first, end).
  void pack(int64_t tap, int64_t k, int64_t length, int64_t first, int64_t end, T* target) const {
    const T* source = p_.weights + p_.taps[static_cast<size_t>(tap)].weights + k * p_.k_step;
    for (int64_t index = first; index < end;) {
      const int64_t group = index / per_group_, stop = std::min(end, (group + 1) * per_group_);
      const int64_t start = index % per_group_ * shape_.width;
      const int64_t columns = std::min(p_.columns, (stop - group * per_group_) * shape_.width) - start;
      const T* from = source + group * p_.group_step + start * p_.column_step;
      T* to = target + (offset(index) - offset(first)) * length;
      if (dots_)
        gemm_.transpose(from, p_.k_step, length, p_.columns, to, length);
      else
        gemm_.pack_panels(from, p_.k_step, p_.column_step, length, columns, shape_.width, to);
      index = stop;
    }
  }

  // Rows [first, first + rows) of the stretch [k, k + length) of a tap, of all panels.
  void pack_rows(int64_t tap, int64_t k, int64_t length, int64_t first, int64_t rows, T* target) const {
    const T* source = p_.weights + p_.taps[static_cast<size_t>(tap)].weights + (k + first) * p_.k_step;
    for (int64_t index = 0; index < count(); ++index) {
      const TapPanel at = panel(index);
      gemm_.pack_panels(source + at.group * p_.group_step + at.column * p_.column_step, p_.k_step,
                        p_.column_step, rows, at.columns, at.width,
                        target + offset(index) * length + first * at.width);
    }
  }

  const TapGemm<T>& p_;
  const GemmKernels<T>& gemm_;
  bool dots_, in_place_;
  PanelShape shape_;
  int64_t per_group_, depth_;
  const T* kept_;
  Scratch<T> packed_;
};

}  // namespace foldgate
