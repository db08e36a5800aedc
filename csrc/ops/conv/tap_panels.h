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

// The weights are packed once for all sweeps (pack_all), or, where a single sweep passes, a block of a panel at a time into
// the worker's scratch, by its first tile where that can (tiles_pack). Reading them in place, unaligned, splits most vectors
// across two cache lines, which costs the other tiles more than packing does. Few columns are vectors along k, in place
// where k is contiguous, in panels of up to dots_columns.
//
// Packed: for every tap and stretch of its channels, [panel][k][width], or for dots [panel][column][k].
template <class T>
class TapPanels {
 public:
  TapPanels(const TapGemm<T>& problem, const GemmKernels<T>& gemm)
      : p_(problem),
        gemm_(gemm),
        dots_(suit_dots(problem, gemm)),
        in_place_(dots_ && p_.k_step == 1),
        shape_(panel_shape(gemm, problem.columns)),
        split_(p_.columns, gemm.dots_columns),
        per_group_(dots_ ? split_.parts : ceil_div(p_.columns, shape_.width)),
        depth_(dots_ ? p_.length : kDepth),
        kept_(p_.packed && p_.packed->form == form() ? p_.packed->data.data() : nullptr) {}

  WeightForm form() const {
    if (in_place_) return {WeightForm::kPlain, p_.groups, 0, &gemm_};
    return {WeightForm::kTaps, p_.groups, dots_ ? 0 : shape_.width, &gemm_};
  }
  bool kept() const { return kept_ != nullptr; }
  bool single_block() const { return taps() * p_.length <= depth_; }  // of the whole sum
  bool packed() const { return all() != nullptr; }
  PackedWeights<T> take() { return {form(), std::move(packed_)}; }

  bool dots() const { return dots_; }
  int64_t tile_rows() const { return dots_ ? gemm_.dots_rows : shape_.rows; }
  int64_t count() const { return p_.groups * per_group_; }
  int64_t column(int64_t panel) const {  // among the columns of all groups
    return panel / per_group_ * p_.columns + start(panel);
  }
  TapPanel panel(int64_t index) const {
    const int64_t start = this->start(index), left = p_.columns - start;
    if (dots_) {
      const int64_t columns = split_.size(index % per_group_);
      return {index / per_group_, start, columns, columns};
    }
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
      for (int64_t index = 0; index < count(); ++index) {
        const TapPanel at = panel(index);
        pack(at, source(at, tap, k + first), end - first, target + offset(index) * length + first * at.width);
      }
    });
  }

  // Or: packs blocks of a panel as they come. Returns the room for one.
  int64_t pack_blocks() {
    if (in_place_) return 0;
    const int64_t rows = taps() * p_.length;
    if (dots_) return p_.columns * rows;
    depth_ = std::min(kDepth, kBlockBytes / (shape_.width * static_cast<int64_t>(sizeof(T))));
    return shape_.width * std::min(rows, depth_);
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
  // What a tile fetches while it multiplies `block` of a panel of [first, end): the panel that comes next.
  void fetch_next(int64_t index, int64_t first, int64_t end, const TapBlock& block, const TapBlock& next,
                  const Share& share, Tile<T>& tile) const {
    const bool last = index + 1 == end;
    fetch(last ? first : index + 1, last ? next : block, share, tile);
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
      const T* const from = source(at, block, 0);
      tile.fetch_segment = block.taps > 1 ? source(at, block, 1) - from : 0;
      if (p_.column_step == 1) {
        tile.fetch = from + i * line % (width + line);  // rows that are not aligned end in a line more
        tile.fetch_step = p_.k_step;
      } else if (p_.column_step == block.length) {  // the panel is one stretch
        tile.fetch = from + at.columns * block.length / line * i / tiles * line;
        tile.fetch_step = line;
      }
    }
  }

  // Whether the first tile that meets a block of the panel packs it while it multiplies: rows of whole vectors, read where
  // they lie.
  bool tiles_pack(const TapPanel& at) const {
    return !dots_ && !packed() && p_.column_step == 1 && at.columns == at.width &&
           packs(gemm_, at.width / gemm_.lanes);
  }

  // Points b at the first row of each of the block's taps; returns the step from row to row (dots: column to column).
  // Packs them in `scratch`, where nobody does.
  int64_t place(int64_t index, const TapBlock& block, T* scratch, const T** b) const {
    const TapPanel at = panel(index);
    if (in_place_) return place_source(index, block, b);
    const T* const all = this->all();
    const T* first = scratch;
    int64_t step = at.width * block.length;
    if (all) {
      const int64_t row = offset(count());
      first = all + (block.tap * p_.length + block.k) * row + offset(index) * block.length;
      step = row * p_.length;
    }
    for (int64_t s = 0; s < block.taps; ++s) {
      b[s] = first + s * step;
      if (!all && !tiles_pack(at)) pack(at, source(at, block, s), block.length, scratch + s * step);
    }
    return dots_ ? block.length : at.width;
  }
  // The same where they lie in the kernel.
  int64_t place_source(int64_t index, const TapBlock& block, const T** b) const {
    for (int64_t s = 0; s < block.taps; ++s) b[s] = source(panel(index), block, s);
    return dots_ ? p_.column_step : p_.k_step;
  }

 private:
  // Rows of a B panel of 4 vectors: 288 KB on AVX-512, in L2 beside a sweep's input.
  static constexpr int64_t kDepth = 1152;
  // A block packed for one sweep is written to L2 and read from there, and the kernel's rows of the next one come into L2
  // meanwhile: 256 KB in all. Blocks of 48 KB took 1.06 times as long, since sums come and go more often.
  static constexpr int64_t kBlockBytes = 128 << 10;
  static constexpr int64_t kPackTerms = 64;
  static constexpr int64_t kLineBytes = 64;

  // Columns that fill no more than half of a vector, over so many channels that reading the pixels again for every three of
  // them pays: 64x64x256 -> 4 k5 takes .37 of the time of tiles of ten pixels by a vector, -> 8 .68, 112x112x64 -> 4 k9
  // .53, 28x28x128 -> 4 k3 .54, -> 8 .98; but 112x112x64 -> 8 k9 1.14, 40x40x16 -> 4 k9 1.15 (one thread, AVX-512).
  static bool suit_dots(const TapGemm<T>& p, const GemmKernels<T>& gemm) {
    const int64_t panels = ceil_div(p.columns, gemm.dots_columns), lanes = gemm.lanes;
    return panels == 1 ? p.length >= lanes : 2 * p.columns <= lanes && p.length >= lanes << panels;
  }

  int64_t taps() const { return static_cast<int64_t>(p_.taps.size()); }
  const T* all() const {
    return kept_ ? kept_ : packed_.data();
  }  // null where blocks are packed as they come
  // A panel's first column in its group.
  int64_t start(int64_t index) const {
    const int64_t part = index % per_group_;
    return dots_ ? split_.begin(part) : part * shape_.width;
  }
  // Packed columns of a row before a panel.
  int64_t offset(int64_t index) const {
    return index / per_group_ * (dots_ ? p_.columns : padded_columns(gemm_, p_.columns)) + start(index);
  }

  const T* source(const TapPanel& at, int64_t tap, int64_t k) const {
    return p_.weights + p_.taps[static_cast<size_t>(tap)].weights + at.group * p_.group_step + k * p_.k_step +
           at.column * p_.column_step;
  }
  const T* source(const TapPanel& at, const TapBlock& block, int64_t s) const {
    return source(at, block.tap + s, block.k);
  }

  // `rows` rows of a panel.
  void pack(const TapPanel& at, const T* from, int64_t rows, T* target) const {
    dots_ ? gemm_.transpose(from, p_.k_step, rows, at.columns, target, rows)
          : gemm_.pack_panels(from, p_.k_step, p_.column_step, rows, at.columns, at.width, target);
  }

  const TapGemm<T>& p_;
  const GemmKernels<T>& gemm_;
  bool dots_, in_place_;
  PanelShape shape_;
  EvenSplit split_;  // of a group's columns, for dots
  int64_t per_group_, depth_;
  const T* kept_;
  Scratch<T> packed_;
};

}  // namespace foldgate
