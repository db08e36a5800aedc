#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/direct.h"
#include "ops/conv/groups.h"
#include "ops/conv/layout.h"
#include "ops/conv/narrow_groups.h"
#include "ops/conv/single_plane.h"
#include "ops/conv/swapped.h"
#include "ops/conv/weight_inputs.h"
#include "ops/conv/whole_windows.h"

namespace foldgate {
namespace {

// dkernel[tap][c][o] = sum over pixels p of  x[p * stride + tap][c] * dy[p][o]:
// tiles of (c, o) whose inner dimension runs along output rows. A block of dy is packed in panels of o, of x in tiles of
// c, each read by all taps: 14 x 32 tiles then read 184 bytes for 14 cycles of multiply-adds.
template <class T>
class WeightGradient {
 public:
  WeightGradient(const ConvPlan& plan, const Images<const T>& x, bool framed, const DirectWeights<T>& o)
      : plan_(plan),
        gemm_(kernels<T>().gemm),
        dy_(dense_outputs(o.dy, plan.window, plan.out_channels)),
        planes_(o.dy_planes),
        shape_(tall_shape(gemm_, plan.group_out())),
        blocks_(plan, o.batch, WeightInputs<T>::terms_of(plan), WeightInputs<T>::tallest_tile(plan),
                sizeof(T)),
        tiles_(blocks_.tiles()),
        inputs_(plan, x, framed, o.x_planes, tiles_),
        tile_size_(inputs_.tile_size(blocks_)),
        panels_size_(in_place() ? 0 : blocks_.most_pixels() * plan.groups * group_columns()) {}

  void run(bool accumulate, T* dkernel) {
    const PartialSums<T> sums(blocks_.parts(), plan_.kernel_size(), accumulate, dkernel);
    const int workers = workers_for(blocks_.tasks(), blocks_.work());
    const bool ahead = packs_ahead();
    const int64_t rows = blocks_.most_rows(), packed = blocks_.most_tiles() * tile_size_;
    const int64_t pointers = rows * (inputs_.shifted() ? kRowPointers : 1);
    const Scratch<T> panels((ahead ? blocks_.parts() * blocks_.most_blocks() : workers) * panels_size_);
    const Scratch<T> inputs(workers * packed);
    const Scratch<const T*> a(workers * pointers), b(workers * rows);
    const Scratch<WeightRow> places(workers * rows);
    const Scratch<WeightSegment> segments(workers * rows);
    for (int64_t round = 0; round < blocks_.rounds(); ++round) {
      if (ahead) pack_round(round, workers, panels.data());
      parallel_for(blocks_.tasks(), workers, [&](int64_t task, int worker) {
        const int64_t part = task / blocks_.shares(), share = task % blocks_.shares();
        pass({part,
              round,
              blocks_.first_tile(share),
              blocks_.first_tile(share + 1),
              sums.part(part),
              round > 0 || sums.accumulates(part),
              panels.data() + (ahead ? part * blocks_.most_blocks() : worker) * panels_size_,
              b.data() + worker * rows,
              {0, 0, 0, tile_size_, inputs.data() + worker * packed, places.data() + worker * rows,
               segments.data() + worker * rows, a.data() + worker * pointers}});
      });
    }
    sums.join();
  }

 private:
  // A task: tiles [first, end) of all groups over the blocks of a part and round, and the worker's scratch.
  struct Share {
    int64_t part, round, first, end;
    T* sums;
    bool accumulate;
    T* panels;  // of the worker, or of the part's first block
    const T** b;
    WeightTiles<T> tiles;
  };
  // What a block adds to the tiles of a group.
  struct Group {
    WeightTiles<T> tiles;
    const T* panels;
    bool accumulate;
  };

  int64_t width() const { return dy_.extent[2]; }
  // A dy of one panel's columns is that panel: packing it pays only as a prefetch, where many tiles read it.
  bool in_place() const {
    return !planes_ && inputs_.shifted() && plan_.out_channels == shape_.width && tiles_.parts <= 2;
  }
  // dy is packed for all shares before a round, or block by block.
  bool packs_ahead() const { return blocks_.shares() > 1 && !in_place(); }
  int64_t group_columns() const { return padded_columns(gemm_, plan_.group_out()); }

  void pass(const Share& share) {
    const int64_t begin = blocks_.first_block(share.part, share.round),
                  end = blocks_.end_block(share.part, share.round);
    for (int64_t index = begin; index < end; ++index) {
      const WeightBlock block = blocks_.block(index);
      const T* panels = place_outputs(block, index - begin, share);
      for (int64_t unit = share.first; unit < share.end;) {
        const int64_t g = unit / tiles_.parts, before = g * tiles_.parts;
        const int64_t stop = std::min(share.end, before + tiles_.parts);
        Group group{share.tiles, panels + g * group_columns() * block.pixels(),
                    index > begin || share.accumulate};
        group.tiles.group = g;
        group.tiles.first = unit - before;
        group.tiles.end = stop - before;
        add_group(block, share, group);
        unit = stop;
      }
    }
  }

  const T* place_outputs(const WeightBlock& block, int64_t index, const Share& share) const {
    if (in_place()) return outputs_of(block);
    if (packs_ahead()) return share.panels + index * panels_size_;
    pack_outputs(block, share.panels);
    return share.panels;
  }
  const T* outputs_of(const WeightBlock& block) const {
    return dy_.data + (block.row * width() + block.first) * plan_.out_channels;
  }
  void pack_round(int64_t round, int workers, T* panels) const {
    parallel_for(blocks_.parts() * blocks_.most_blocks(), workers, [&](int64_t task, int) {
      const int64_t part = task / blocks_.most_blocks();
      const int64_t index = blocks_.first_block(part, round) + task % blocks_.most_blocks();
      if (index < blocks_.end_block(part, round))
        pack_outputs(blocks_.block(index), panels + task * panels_size_);
    });
  }
  void pack_outputs(const WeightBlock& block, T* panels) const {
    if (planes_) return turn_outputs(block, panels);
    const T* dy = outputs_of(block);
    const int64_t size = block.pixels() * group_columns();
    for (int64_t group = 0; group < plan_.groups; ++group)
      gemm_.pack_panels(dy + group * plan_.group_out(), plan_.out_channels, 1, block.pixels(),
                        plan_.group_out(), shape_.width, panels + group * size);
  }

  // Of planes: the outputs of one image at a time, panel by panel.
  void turn_outputs(const WeightBlock& block, T* panels) const {
    const int64_t plane = dy_.extent[0] * dy_.extent[1] * width(), size = block.pixels() * group_columns();
    const int64_t begin = block.row * width() + block.first, pixels = block.pixels();
    for (int64_t group = 0; group < plan_.groups; ++group)
      for (int64_t o = 0; o < plan_.group_out(); o += shape_.width) {
        const int64_t left = plan_.group_out() - o, panel = panel_width(gemm_, shape_, left);
        for (int64_t p = 0, count; p < pixels; p += count) {
          const int64_t n = (begin + p) / plane, within = (begin + p) % plane;
          count = std::min(pixels - p, plane - within);
          const T* source =
              dy_.data + (n * plan_.out_channels + group * plan_.group_out() + o) * plane + within;
          gemm_.pack_panels(source, 1, plane, count, std::min(left, panel), panel,
                            panels + group * size + o * pixels + p * panel);
        }
      }
  }

  void add_group(const WeightBlock& block, const Share& share, const Group& group) const {
    int64_t tap = 0;
    for (int64_t i = 0; i < inputs_.taps(0); ++i) {
      inputs_.place_rows(block, i, group.tiles);
      for (int64_t j = 0; j < inputs_.taps(1); ++j)
        for (int64_t k = 0; k < inputs_.taps(2); ++k, ++tap) {
          Tile<T> tile;
          inputs_.find_segments(block, j, k, group.tiles, tile);
          if (tile.segments > 0 || !group.accumulate) add_tap(block, share, group, tap, tile);
        }
    }
  }

  void add_tap(const WeightBlock& block, const Share& share, const Group& group, int64_t tap,
               Tile<T> tile) const {
    const WeightTiles<T>& tiles = group.tiles;
    T* outs[kRowPointers];
    tile.b = share.b;
    tile.c = outs;
    // Panel after panel of a tile, so that its sums are written along their rows.
    for (int64_t t = tiles.first; t < tiles.end; ++t) {
      T* row = share.sums + (tap * inputs_.terms() + tiles_.begin(t)) * plan_.out_channels;
      for (int64_t i = 0; i < tiles_.size(t); ++i) outs[i] = row + i * plan_.out_channels;
      inputs_.place(tiles, t, tile);
      for (int64_t o = 0; o < plan_.group_out(); o += shape_.width) {
        const int64_t left = plan_.group_out() - o, panel = panel_width(gemm_, shape_, left);
        for (int64_t s = 0; s < tile.segments; ++s)
          share.b[s] = group.panels + o * block.pixels() + tiles.segments[s].dy * panel;
        tile.b_step = panel;
        tile.c_offset = tiles.group * plan_.group_out() + o;
        tile.columns = static_cast<int>(std::min(left, panel));
        (inputs_.shifted() ? gemm_.rows : gemm_.columns)(static_cast<int>(tiles_.size(t)),
                                                         static_cast<int>(panel / gemm_.lanes), tile,
                                                         {nullptr, group.accumulate});
      }
    }
  }

  const ConvPlan& plan_;
  const GemmKernels<T>& gemm_;
  Images<const T> dy_;
  bool planes_;  // dy_ is (N, C, *spatial), its steps unused
  PanelShape shape_;
  WeightBlocks blocks_;
  EvenSplit tiles_;  // of the terms of a group
  WeightInputs<T> inputs_;
  int64_t tile_size_, panels_size_;  // scratch of a tile's x, a block's dy
};

template <class T>
void dense_backward_weights(const ConvPlan& plan, const DirectWeights<T>& o) {
  const bool framed = frames_input(plan);
  const Scratch<T> frame(framed ? o.batch * framed_size(plan.window, plan.in_channels) : 0);
  Images<const T> images = dense_inputs(o.x, plan.window, plan.in_channels);
  if (framed) {
    const Images<T> copy = frame_images(o.x, o.batch, plan.in_channels, plan.window, frame.data());
    images = dense_images(static_cast<const T*>(copy.data), copy.extent[0], copy.extent[1], copy.extent[2],
                          plan.in_channels);
  }
  WeightGradient<T>(plan, images, framed, o).run(o.accumulate, o.dkernel);
}

template <class T>
void swapped_backward_weights(const ConvPlan& plan, const DirectWeights<T>& o) {
  const Scratch<T> backwards(plan.kernel_size());
  dense_backward_weights<T>(swapped(plan), {o.batch, o.dy, o.x, false, false, false, backwards.data()});
  const int64_t tap_size = plan.in_channels * plan.out_channels;
  for (int64_t tap = 0; tap < plan.taps(); ++tap)
    for (int64_t c = 0; c < plan.in_channels; ++c)
      for (int64_t k = 0; k < plan.out_channels; ++k) {
        T& target = o.dkernel[tap * tap_size + c * plan.out_channels + k];
        const T sum = backwards[(plan.taps() - 1 - tap) * tap_size + k * plan.in_channels + c];
        target = o.accumulate ? target + sum : sum;
      }
}

}  // namespace

template <class T>
PlanesRead weights_read_planes(const ConvPlan& plan) {
  if (has_narrow_groups<T>(plan)) return {false, false};
  if (takes_whole_windows<T>(plan)) return {has_one_row(plan), true};
  const MergedGroups<T> merged(plan, nullptr, 0);
  const bool swaps = swaps_operands(plan);
  return {!swaps && !few_channels(merged.plan()), !swaps};
}

template <class T>
void direct_backward_weights(const ConvPlan& asked, const DirectWeights<T>& o) {
  if (is_single_plane<T>(asked) && asked.window.height().output % 2 == 0)
    return single_plane_backward_weights(asked, o);
  if (has_narrow_groups<T>(asked))
    return narrow_groups_backward_weights(asked, o.batch, o.x, o.dy, o.accumulate, o.dkernel);
  if (takes_whole_windows<T>(asked)) return whole_windows_backward_weights(asked, o);
  if (swaps_operands(asked)) return swapped_backward_weights(asked, o);
  const MergedGroups<T> merged(asked, static_cast<const T*>(nullptr), 0);
  if (!merged.any()) return dense_backward_weights(asked, o);
  const Scratch<T> wide(merged.plan().kernel_size());
  DirectWeights<T> all = o;
  all.accumulate = false;
  all.dkernel = wide.data();
  dense_backward_weights(merged.plan(), all);
  merged.take_diagonal(wide.data(), o.accumulate, o.dkernel);
}

template PlanesRead weights_read_planes<float>(const ConvPlan&);
template PlanesRead weights_read_planes<double>(const ConvPlan&);
template void direct_backward_weights(const ConvPlan&, const DirectWeights<float>&);
template void direct_backward_weights(const ConvPlan&, const DirectWeights<double>&);

}  // namespace foldgate
