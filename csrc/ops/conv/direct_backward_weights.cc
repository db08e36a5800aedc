#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/direct.h"
#include "ops/conv/groups.h"
#include "ops/conv/layout.h"
#include "ops/conv/weight_blocks.h"

namespace foldgate {
namespace {

// dkernel[tap][c][o] = sum over pixels p of  x[p * stride + tap][c] * dy[p][o]:
// tiles of (c, o) whose inner dimension runs along output rows. A block of dy is packed in panels of o, of x in tiles of
// c, each read by all taps: 14 x 32 tiles then read 184 bytes for 14 cycles of multiply-adds.
template <class T>
class WeightGradient {
 public:
  WeightGradient(const ConvPlan& plan, int64_t batch, const Images<const T>& x, bool framed, const T* dy)
      : plan_(plan),
        kernel_(kernels<T>()),
        x_(x),
        dy_(dense_outputs(dy, plan.window, plan.out_channels)),
        source_(source_of(plan)),
        framed_(framed),
        terms_(source_ == Source::kPacked ? plan.group_in() : plan.window.width().kernel * plan.in_channels),
        shape_(tall_shape(kernel_.gemm, plan.group_out())),
        tiles_(source_ == Source::kShifted ? plan.taps() : terms_,
               source_ == Source::kShifted ? shifted_rows() : shape_.rows),
        blocks_(plan, batch, plan.groups * tiles_.parts, sizeof(T)) {
    if (source_ == Source::kShifted) terms_ = plan.taps();
    tile_size_ = shape_.rows * packed_pixels();
    inputs_size_ = blocks_.most_tiles() * tile_size_;
    panels_size_ = in_place() ? 0 : blocks_.most_pixels() * panel_columns();
  }

  void run(bool accumulate, T* dkernel) {
    const PartialSums<T> sums(blocks_.parts(), plan_.kernel_size(), accumulate, dkernel);
    const int workers = workers_for(blocks_.tasks(), blocks_.work());
    const bool ahead = blocks_.shares() > 1 && !in_place();
    const Scratch<T> outputs((ahead ? blocks_.parts() * blocks_.most_blocks() : workers) * panels_size_);
    const Scratch<T> inputs(workers * inputs_size_);
    const int64_t pointers = blocks_.most_rows() * (source_ == Source::kShifted ? kRowPointers : 1);
    const Scratch<const T*> a(workers * pointers), b(workers * blocks_.most_rows());
    const Scratch<Row> rows(workers * blocks_.most_rows());
    const Scratch<Segment> segments(workers * blocks_.most_rows());
    for (int64_t round = 0; round < blocks_.rounds(); ++round) {
      if (ahead) pack_round(round, workers, outputs.data());
      parallel_for(blocks_.tasks(), workers, [&](int64_t task, int worker) {
        Share s{};
        s.part = task / blocks_.shares();
        s.round = round;
        s.first = blocks_.first_tile(task % blocks_.shares());
        s.end = blocks_.first_tile(task % blocks_.shares() + 1);
        s.sums = sums.part(s.part);
        s.accumulate = round > 0 || sums.accumulates(s.part);
        s.outputs = outputs.data() + (ahead ? s.part * blocks_.most_blocks() : worker) * panels_size_;
        s.inputs = inputs.data() + worker * inputs_size_;
        s.a = a.data() + worker * pointers;
        s.b = b.data() + worker * blocks_.most_rows();
        s.rows = rows.data() + worker * blocks_.most_rows();
        s.segments = segments.data() + worker * blocks_.most_rows();
        pass(s);
      });
    }
    sums.join();
  }

 private:
  // Where A of a tile comes from. Few channels lie so close that they are read in place: whole kernel rows in a frame,
  // or, of a single channel, all taps at once, each a shifted view of the image.
  enum class Source { kPacked, kKernelRows, kShifted };
  static Source source_of(const ConvPlan& plan) {
    if (!few_channels(plan)) return Source::kPacked;
    return plan.in_channels == 1 && plan.window.width().stride == 1 ? Source::kShifted : Source::kKernelRows;
  }
  int64_t shifted_rows() const {
    return std::min<int64_t>(kernel_.gemm.tile_heights[0], kernel_.gemm.tile_heights[1]);
  }

  // A row of a block: the input row of its first tap, and the offset of that row's first column from the source.
  struct Row {
    bool inside;  // the plane exists
    int64_t top, offset;
  };
  struct Segment {
    int64_t x, dy;  // pixels from the source, and from the block's first output
  };
  // A task: tiles [first, end) of (group, tile of c) over the blocks of a part and round, and the worker's scratch.
  struct Share {
    int64_t part, round, first, end;
    T* sums;
    bool accumulate;
    T *outputs, *inputs;
    const T **a, **b;
    Row* rows;
    Segment* segments;
  };
  // The tiles [first, end) of a group, and the panels of its dy in a block.
  struct Group {
    int64_t index, first, end;
    const T* panels;
    bool accumulate;
  };

  int64_t width() const { return dy_.extent[2]; }
  // A dy of one panel's columns is that panel: packing it pays only as a prefetch, where many tiles read it.
  bool in_place() const {
    return source_ == Source::kShifted && plan_.out_channels == shape_.width && tiles_.parts <= 2;
  }
  int64_t panel_columns() const { return plan_.groups * padded_columns(kernel_.gemm, plan_.group_out()); }

  // Columns of x that the outputs of a block meet.
  int64_t first_column(const WeightBlock& block) const {
    const WindowAxis& across = plan_.window.width();
    return std::min(x_.extent[2], std::max<int64_t>(0, block.first * across.stride - across.before));
  }
  int64_t columns(const WeightBlock& block) const {
    const WindowAxis& across = plan_.window.width();
    const int64_t end = (block.first + block.count - 1) * across.stride - across.before + across.extent();
    return std::max<int64_t>(0, std::min(x_.extent[2], end) - first_column(block));
  }
  // Of x that a block meets, at most: the rows of each run of outputs that are neighbours in one plane.
  int64_t packed_pixels() const {
    if (source_ != Source::kPacked) return 0;
    const WindowAxis &height = plan_.window.height(), &across = plan_.window.width();
    const int64_t rows = blocks_.most_rows(), runs = (rows + height.output - 2) / height.output + 1;
    const int64_t met = std::min(runs * height.input, rows * height.stride + runs * height.extent());
    const int64_t outputs = blocks_.most_pixels() / rows;
    return met * std::min(across.input, outputs * across.stride + across.extent());
  }

  void pass(const Share& share) {
    const int64_t begin = blocks_.first_block(share.part, share.round),
                  end = blocks_.end_block(share.part, share.round);
    for (int64_t index = begin; index < end; ++index) {
      const WeightBlock block = blocks_.block(index);
      const T* panels = place_outputs(block, index - begin, share);
      for (int64_t unit = share.first; unit < share.end;) {
        Group group{};
        group.index = unit / tiles_.parts;
        const int64_t stop = std::min(share.end, (group.index + 1) * tiles_.parts);
        group.first = unit - group.index * tiles_.parts;
        group.end = stop - group.index * tiles_.parts;
        group.panels = panels + group.index * (panel_columns() / plan_.groups) * block.pixels();
        group.accumulate = index > begin || share.accumulate;
        add_group(block, share, group);
        unit = stop;
      }
    }
  }

  const T* place_outputs(const WeightBlock& block, int64_t index, const Share& share) const {
    if (in_place()) return outputs_of(block);
    if (blocks_.shares() > 1) return share.outputs + index * panels_size_;
    pack_outputs(block, share.outputs);
    return share.outputs;
  }
  const T* outputs_of(const WeightBlock& block) const {
    return dy_.data + (block.row * width() + block.first) * plan_.out_channels;
  }
  void pack_round(int64_t round, int workers, T* outputs) {
    parallel_for(blocks_.parts() * blocks_.most_blocks(), workers, [&](int64_t task, int) {
      const int64_t part = task / blocks_.most_blocks();
      const int64_t index = blocks_.first_block(part, round) + task % blocks_.most_blocks();
      if (index < blocks_.end_block(part, round))
        pack_outputs(blocks_.block(index), outputs + task * panels_size_);
    });
  }
  void pack_outputs(const WeightBlock& block, T* panels) const {
    const T* dy = outputs_of(block);
    const int64_t size = block.pixels() * panel_columns() / plan_.groups;
    for (int64_t group = 0; group < plan_.groups; ++group)
      kernel_.gemm.pack_panels(dy + group * plan_.group_out(), plan_.out_channels, 1, block.pixels(),
                               plan_.group_out(), shape_.width, panels + group * size);
  }

  void add_group(const WeightBlock& block, const Share& share, const Group& group) const {
    const Window& w = plan_.window;
    const bool rows_only = source_ != Source::kPacked, all = source_ == Source::kShifted;
    int64_t tap = 0;
    for (int64_t i = 0; i < (all ? 1 : w.depth().kernel); ++i) {
      place_rows(block, i, share, group);
      for (int64_t j = 0; j < (all ? 1 : w.height().kernel); ++j)
        for (int64_t k = 0; k < (rows_only ? 1 : w.width().kernel); ++k, ++tap)
          add_tap(block, share, group, tap, j, k);
    }
  }

  // Finds the input rows that a depth tap of the block's outputs begins at, and packs what the group's tiles need.
  void place_rows(const WeightBlock& block, int64_t depth_tap, const Share& share, const Group& group) const {
    const WindowAxis &depth = plan_.window.depth(), &height = plan_.window.height();
    int64_t packed = 0;  // rows
    for (int64_t r = 0, run = 0; r < block.rows; r += run) {
      const int64_t row = block.row + r, v = row % dy_.extent[1], u = row / dy_.extent[1] % dy_.extent[0];
      const int64_t n = row / (dy_.extent[0] * dy_.extent[1]);
      run = std::min(dy_.extent[1] - v, block.rows - r);
      const int64_t z = u * depth.stride + depth_tap * depth.dilation - (framed_ ? 0 : depth.before);
      const int64_t top = v * height.stride - (framed_ ? 0 : height.before);
      const bool inside = z >= 0 && z < x_.extent[0];
      int64_t offset = n * x_.step[0] + z * x_.step[1] + top * x_.step[2];
      if (source_ == Source::kPacked && inside) {
        const int64_t begin = std::max<int64_t>(0, top),
                      end = std::min(x_.extent[1], top + (run - 1) * height.stride + height.extent());
        offset = (packed + top - begin) * columns(block) - first_column(block);
        for (int64_t y = begin; y < end; ++y, ++packed)
          if (meets(v, run, y))
            pack_row(block, n * x_.step[0] + z * x_.step[1] + y * x_.step[2], packed, share, group);
      }
      const int64_t step = height.stride * row_step(block);
      for (int64_t q = 0; q < run; ++q)
        share.rows[r + q] = {inside, top + q * height.stride, offset + q * step};
    }
  }
  int64_t row_step(const WeightBlock& block) const {
    return source_ == Source::kPacked ? columns(block) : x_.step[2];
  }
  // Whether a tap of one of the outputs [v, v + count) reads input row y: strides and dilations leave rows out.
  bool meets(int64_t v, int64_t count, int64_t y) const {
    const WindowAxis& height = plan_.window.height();
    for (int64_t j = 0; j < height.kernel; ++j) {
      const int64_t distance = y + height.before - j * height.dilation - v * height.stride;
      if (distance >= 0 && distance % height.stride == 0 && distance / height.stride < count) return true;
    }
    return false;
  }
  // Tile by tile [row][column][c]; the input rows of a block have the same place in each.
  void pack_row(const WeightBlock& block, int64_t offset, int64_t packed, const Share& share,
                const Group& group) const {
    const T* row = x_.data + offset + first_column(block) * x_.step[3] + group.index * plan_.group_in();
    for (int64_t t = group.first; t < group.end; ++t)
      kernel_.conv.copy_stretches(row + tiles_.begin(t), x_.step[3], columns(block), tiles_.size(t),
                                  packed_tile(share, group, t) + packed * columns(block) * tiles_.size(t),
                                  tiles_.size(t));
  }
  T* packed_tile(const Share& share, const Group& group, int64_t t) const {
    return share.inputs + (t - group.first) * tile_size_;
  }

  // All tiles of a tap: over the rows whose input row exists, the outputs whose input column does.
  void add_tap(const WeightBlock& block, const Share& share, const Group& group, int64_t tap, int64_t j,
               int64_t k) const {
    const WindowAxis &height = plan_.window.height(), &across = plan_.window.width();
    const bool whole = source_ != Source::kPacked;  // kernel rows never leave the frame
    const int64_t shift = whole ? 0 : k * across.dilation - across.before, room = x_.extent[2] - 1 - shift;
    const int64_t low = std::max(block.first, shift < 0 ? ceil_div(-shift, across.stride) : 0);
    const int64_t reach = whole ? width() : room < 0 ? 0 : room / across.stride + 1;
    const int64_t pixel_step = whole ? x_.step[3] : 1, below = j * height.dilation;
    Tile<T> tile;
    tile.length = std::min(block.first + block.count, reach) - low;
    tile.segments = 0;
    for (int64_t r = 0; r < block.rows && tile.length > 0; ++r) {
      const Row& row = share.rows[r];
      if (!row.inside || row.top + below < 0 || row.top + below >= x_.extent[1]) continue;
      share.segments[tile.segments++] = {
          row.offset + below * row_step(block) + (low * across.stride + shift) * pixel_step,
          r * block.count + low - block.first};
    }
    if (tile.segments == 0 && group.accumulate) return;
    add_tiles(block, share, group, tap, tile);
  }

  void add_tiles(const WeightBlock& block, const Share& share, const Group& group, int64_t tap,
                 Tile<T>& tile) const {
    T* outs[kRowPointers];
    tile.a = share.a;
    tile.b = share.b;
    tile.c = outs;
    for (int64_t o = 0; o < plan_.group_out(); o += shape_.width) {
      const int64_t left = plan_.group_out() - o, panel = panel_width(kernel_.gemm, shape_, left);
      for (int64_t s = 0; s < tile.segments; ++s)
        share.b[s] = group.panels + o * block.pixels() + share.segments[s].dy * panel;
      tile.b_step = panel;
      tile.c_offset = group.index * plan_.group_out() + o;
      tile.columns = static_cast<int>(std::min(left, panel));
      for (int64_t t = group.first; t < group.end; ++t) {
        T* row = share.sums + (tap * terms_ + tiles_.begin(t)) * plan_.out_channels;
        for (int64_t i = 0; i < tiles_.size(t); ++i) outs[i] = row + i * plan_.out_channels;
        place_a(share, group, t, tile);
        const int height = static_cast<int>(tiles_.size(t)),
                  vectors = static_cast<int>(panel / kernel_.gemm.lanes);
        const Epilogue<T> epilogue{nullptr, group.accumulate, false};
        if (source_ == Source::kShifted)
          kernel_.gemm.rows(height, vectors, tile, epilogue);
        else
          kernel_.gemm.columns(height, vectors, tile, epilogue);
      }
    }
  }

  void place_a(const Share& share, const Group& group, int64_t t, Tile<T>& tile) const {
    const int64_t stride = plan_.window.width().stride, size = tiles_.size(t);
    if (source_ == Source::kShifted) {
      int64_t shifts[kRowPointers];
      for (int64_t i = 0; i < size; ++i) shifts[i] = tap_shift(tiles_.begin(t) + i);
      for (int64_t s = 0; s < tile.segments; ++s)
        for (int64_t i = 0; i < size; ++i)
          share.a[s * kRowPointers + i] = x_.data + share.segments[s].x + shifts[i];
    } else if (source_ == Source::kKernelRows) {
      tile.a_step = stride * x_.step[3];
      for (int64_t s = 0; s < tile.segments; ++s)
        share.a[s] = x_.data + share.segments[s].x + tiles_.begin(t);
    } else {
      tile.a_step = stride * size;
      const T* base = packed_tile(share, group, t);
      for (int64_t s = 0; s < tile.segments; ++s) share.a[s] = base + share.segments[s].x * size;
    }
  }
  int64_t tap_shift(int64_t tap) const {
    const WindowAxis &depth = plan_.window.depth(), &height = plan_.window.height(),
                     &across = plan_.window.width();
    return tap / across.kernel / height.kernel * depth.dilation * x_.step[1] +
           tap / across.kernel % height.kernel * height.dilation * x_.step[2] + tap % across.kernel;
  }

  const ConvPlan& plan_;
  const Kernels<T>& kernel_;
  Images<const T> x_, dy_;
  Source source_;
  bool framed_;
  int64_t terms_;  // rows of dkernel a tap
  PanelShape shape_;
  EvenSplit tiles_;
  WeightBlocks blocks_;
  int64_t tile_size_, inputs_size_, panels_size_;  // scratch of a tile's x, a worker's x, a block's dy
};

template <class T>
void dense_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                            T* dkernel) {
  const bool framed = frames_input(plan);
  const Scratch<T> frame(framed ? batch * framed_size(plan.window, plan.in_channels) : 0);
  Images<const T> images = dense_inputs(x, plan.window, plan.in_channels);
  if (framed) {
    const Images<T> copy = frame_images(x, batch, plan.in_channels, plan.window, frame.data());
    images = dense_images(static_cast<const T*>(copy.data), copy.extent[0], copy.extent[1], copy.extent[2],
                          plan.in_channels);
  }
  WeightGradient<T>(plan, batch, images, framed, dy).run(accumulate, dkernel);
}

// Few output channels would leave most lanes of a panel empty. At stride 1 x and dy change places:
//
//   dkernel[j][c][o] = sum over positions q of x of  dy[q + before - j * dilation][o] * x[q][c]
//
// is the gradient of a convolution from dy to x whose taps run backwards.
bool swaps_operands(const ConvPlan& plan) {
  if (plan.groups > 1 || plan.out_channels >= kFewChannels || plan.in_channels < 2 * plan.out_channels)
    return false;
  for (const WindowAxis& axis : plan.window.axes)
    if (axis.stride > 1 || axis.before >= axis.extent()) return false;
  return true;
}
ConvPlan swapped(const ConvPlan& plan) {
  ConvPlan other = plan;
  std::swap(other.in_channels, other.out_channels);
  for (WindowAxis& axis : other.window.axes) {
    std::swap(axis.input, axis.output);
    axis.before = axis.extent() - 1 - axis.before;
  }
  return other;
}
template <class T>
void swapped_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                              T* dkernel) {
  const Scratch<T> backwards(plan.kernel_size());
  dense_backward_weights(swapped(plan), batch, dy, x, false, backwards.data());
  const int64_t tap_size = plan.in_channels * plan.out_channels;
  for (int64_t tap = 0; tap < plan.taps(); ++tap)
    for (int64_t c = 0; c < plan.in_channels; ++c)
      for (int64_t o = 0; o < plan.out_channels; ++o) {
        T& target = dkernel[tap * tap_size + c * plan.out_channels + o];
        const T sum = backwards[(plan.taps() - 1 - tap) * tap_size + o * plan.in_channels + c];
        target = accumulate ? target + sum : sum;
      }
}

}  // namespace

template <class T>
void direct_backward_weights(const ConvPlan& asked, int64_t batch, const T* x, const T* dy, bool accumulate,
                             T* dkernel) {
  if (swaps_operands(asked)) return swapped_backward_weights(asked, batch, x, dy, accumulate, dkernel);
  const MergedGroups<T> merged(asked, static_cast<const T*>(nullptr), 0);
  if (!merged.any()) return dense_backward_weights(asked, batch, x, dy, accumulate, dkernel);
  const Scratch<T> wide(merged.plan().kernel_size());
  dense_backward_weights(merged.plan(), batch, x, dy, false, wide.data());
  merged.take_diagonal(wide.data(), accumulate, dkernel);
}

template void direct_backward_weights(const ConvPlan&, int64_t, const float*, const float*, bool, float*);
template void direct_backward_weights(const ConvPlan&, int64_t, const double*, const double*, bool, double*);

}  // namespace foldgate
