// x as the tiles of a kernel gradient read it: by stretches of outputs in a row, whose terms are strided pixels.
#pragma once
#include <algorithm>

#include "core/check.h"
#include "kernels/table.h"
#include "ops/conv/direct.h"
#include "ops/conv/images.h"
#include "ops/conv/weight_blocks.h"

namespace foldgate {

// A row of a block: the input row of its first tap, and the offset of that row's first column from the source.
struct WeightRow {
  bool inside;  // the plane exists
  int64_t top, offset;
};
// Neighbouring outputs of a row: pixels from the source, and from the block's first output.
struct WeightSegment {
  int64_t x, dy;
};
// The tiles [first, end) of a group over a block, and a worker's scratch: packed x, an entry a row of the block in
// each of the others (kRowPointers in `a` where taps are shifted views).
template <class T>
struct WeightTiles {
  int64_t group, first, end, tile_size;
  T* packed;
  WeightRow* rows;
  WeightSegment* segments;
  const T** a;
};

template <class T>
class WeightInputs {
 public:
  // `framed`: x has its padding around it. `planes`: x is (N, C, *spatial), its steps unused, and packed. tiles: of terms.
  WeightInputs(const ConvPlan& plan, const Images<const T>& x, bool framed, bool planes,
               const EvenSplit& tiles)
      : plan_(plan),
        conv_(kernels<T>().conv),
        x_(x),
        source_(source_of(plan)),
        framed_(framed),
        planes_(planes),
        tiles_(tiles) {}

  // What dkernel has at a tap, the channels or what is read with them, and how many of these a tile has at most.
  static int64_t terms_of(const ConvPlan& plan) {
    const Source source = source_of(plan);
    if (source == Source::kShifted) return plan.taps();
    return source == Source::kPacked ? plan.group_in() : plan.window.width().kernel * plan.in_channels;
  }
  static int64_t tallest_tile(const ConvPlan& plan) {
    const GemmKernels<T>& gemm = kernels<T>().gemm;
    if (source_of(plan) == Source::kShifted)  // whose views are row pointers
      return std::min(gemm.tile_heights[0], gemm.tile_heights[1]);
    return tall_shape(gemm, plan.group_out()).rows;
  }
  int64_t terms() const { return tiles_.total; }
  bool shifted() const { return source_ == Source::kShifted; }
  // Taps along an axis that are not terms.
  int64_t taps(int axis) const {
    const bool within = shifted() || (axis == 2 && source_ == Source::kKernelRows);
    return within ? 1 : plan_.window.axes[axis].kernel;
  }
  // Scratch of a tile: its part of the x that a block meets, the rows of each run of outputs in one plane.
  int64_t tile_size(const WeightBlocks& blocks) const {
    if (source_ != Source::kPacked) return 0;
    const WindowAxis &height = plan_.window.height(), &across = plan_.window.width();
    const int64_t rows = blocks.most_rows(), runs = (rows + height.output - 2) / height.output + 1;
    const int64_t met = std::min(runs * height.input, rows * height.stride + runs * height.extent());
    const int64_t outputs = blocks.most_pixels() / rows;
    return tiles_.size(tiles_.parts - 1) * met *
           std::min(across.input, outputs * across.stride + across.extent());
  }

  // Finds the input rows that a depth tap of the block's outputs begins at, and packs what the group's tiles need.
  void place_rows(const WeightBlock& block, int64_t depth_tap, const WeightTiles<T>& tiles) const {
    const WindowAxis &depth = plan_.window.depth(), &height = plan_.window.height();
    int64_t packed = 0;  // rows
    for (int64_t r = 0, run = 0; r < block.rows; r += run) {
      const int64_t row = block.row + r, v = row % height.output, u = row / height.output % depth.output;
      const int64_t n = row / (depth.output * height.output);
      run = std::min(height.output - v, block.rows - r);
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
            planes_ ? turn_row(block, n, z * x_.extent[1] + y, packed, tiles)
                    : pack_row(block, n * x_.step[0] + z * x_.step[1] + y * x_.step[2], packed, tiles);
      }
      const int64_t step = height.stride * row_step(block);
      for (int64_t q = 0; q < run; ++q)
        tiles.rows[r + q] = {inside, top + q * height.stride, offset + q * step};
    }
  }

  // Of a tap: the rows whose input row exists, and in each the outputs whose input column does. Sets tile.segments and
  // tile.length.
  void find_segments(const WeightBlock& block, int64_t j, int64_t k, const WeightTiles<T>& tiles,
                     Tile<T>& tile) const {
    const WindowAxis &height = plan_.window.height(), &across = plan_.window.width();
    const bool whole = source_ != Source::kPacked;  // kernel rows never leave the frame
    const int64_t shift = whole ? 0 : k * across.dilation - across.before, room = x_.extent[2] - 1 - shift;
    const int64_t low = std::max(block.first, shift < 0 ? ceil_div(-shift, across.stride) : 0);
    const int64_t reach = whole ? across.output : room < 0 ? 0 : room / across.stride + 1;
    const int64_t pixel_step = whole ? x_.step[3] : 1, below = j * height.dilation;
    tile.length = std::min(block.first + block.count, reach) - low;
    tile.segments = 0;
    for (int64_t r = 0; r < block.rows && tile.length > 0; ++r) {
      const WeightRow& row = tiles.rows[r];
      if (!row.inside || row.top + below < 0 || row.top + below >= x_.extent[1]) continue;
      tiles.segments[tile.segments++] = {
          row.offset + below * row_step(block) + (low * across.stride + shift) * pixel_step,
          r * block.count + low - block.first};
    }
  }

  // Points A of tile t at the segments that find_segments left.
  void place(const WeightTiles<T>& tiles, int64_t t, Tile<T>& tile) const {
    const int64_t stride = plan_.window.width().stride, size = tiles_.size(t);
    tile.a = tiles.a;
    if (shifted()) {
      int64_t shifts[kRowPointers];
      for (int64_t i = 0; i < size; ++i) shifts[i] = tap_shift(tiles_.begin(t) + i);
      for (int64_t s = 0; s < tile.segments; ++s)
        for (int64_t i = 0; i < size; ++i)
          tiles.a[s * kRowPointers + i] = x_.data + tiles.segments[s].x + shifts[i];
    } else if (source_ == Source::kKernelRows) {
      tile.a_step = stride * x_.step[3];
      for (int64_t s = 0; s < tile.segments; ++s)
        tiles.a[s] = x_.data + tiles.segments[s].x + tiles_.begin(t);
    } else {
      tile.a_step = stride * size;
      const T* base = packed_tile(tiles, t);
      for (int64_t s = 0; s < tile.segments; ++s) tiles.a[s] = base + tiles.segments[s].x * size;
    }
  }

 private:
  // Few channels lie so close that they are read in place: whole kernel rows in a frame, or, of a single channel, all
  // taps at once, each a shifted view of the image.
  enum class Source { kPacked, kKernelRows, kShifted };
  static Source source_of(const ConvPlan& plan) {
    if (!few_channels(plan)) return Source::kPacked;
    return plan.in_channels == 1 && plan.window.width().stride == 1 ? Source::kShifted : Source::kKernelRows;
  }
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
  void pack_row(const WeightBlock& block, int64_t offset, int64_t packed, const WeightTiles<T>& tiles) const {
    const T* row = x_.data + offset + first_column(block) * x_.step[3] + tiles.group * plan_.group_in();
    for (int64_t t = tiles.first; t < tiles.end; ++t)
      conv_.copy_stretches(row + tiles_.begin(t), x_.step[3], columns(block), tiles_.size(t),
                           packed_tile(tiles, t) + packed * columns(block) * tiles_.size(t), tiles_.size(t));
  }
  void turn_row(const WeightBlock& block, int64_t n, int64_t row, int64_t packed,
                const WeightTiles<T>& tiles) const {
    const int64_t plane = x_.extent[0] * x_.extent[1] * x_.extent[2];
    const T* image = x_.data + (n * plan_.in_channels + tiles.group * plan_.group_in()) * plane +
                     row * x_.extent[2] + first_column(block);
    for (int64_t t = tiles.first; t < tiles.end; ++t)
      kernels<T>().gemm.transpose(image + tiles_.begin(t) * plane, plane, tiles_.size(t), columns(block),
                                  packed_tile(tiles, t) + packed * columns(block) * tiles_.size(t),
                                  tiles_.size(t));
  }
  T* packed_tile(const WeightTiles<T>& tiles, int64_t t) const {
    return tiles.packed + (t - tiles.first) * tiles.tile_size;
  }
  int64_t tap_shift(int64_t tap) const {
    const WindowAxis &depth = plan_.window.depth(), &height = plan_.window.height(),
                     &across = plan_.window.width();
    return tap / across.kernel / height.kernel * depth.dilation * x_.step[1] +
           tap / across.kernel % height.kernel * height.dilation * x_.step[2] + tap % across.kernel;
  }

  const ConvPlan& plan_;
  const ConvKernels<T>& conv_;
  Images<const T> x_;
  Source source_;
  bool framed_, planes_;
  EvenSplit tiles_;
};

}  // namespace foldgate
