// The stages of a Winograd product (winograd_product.h), which winograd_by_tiles and winograd_by_columns put together: its
// transforms, and the products of the positions.
#pragma once
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/winograd_product.h"

namespace foldgate {

// Weights of so many bytes, transformed, do not stay in L2.
constexpr int64_t kCachedWeights = 1 << 20;
// Channels of a pass of M at least: a pass adds to M, which stays in L2 too.
constexpr int64_t kLeastDepth = 64;

template <class T>
struct WinogradStages {
  static constexpr int64_t kSize = static_cast<int64_t>(sizeof(T));

  WinogradStages(const WinogradProduct<T>& product, const WinogradKernels<T>& winograd);

  // Images, of one plane and one tap along the depth.
  bool flat() const { return p.depth.taps == 1 && p.in.depth == 1 && p.out.depth == 1; }
  // Of all planes.
  int64_t tiles() const { return grid.count * p.out.depth; }
  TileBlock whole() const { return {0, grid.count, 0, p.out.depth}; }
  int64_t tap_count() const { return p.taps.edge * p.taps.edge; }
  int64_t weights_bytes() const { return p.groups * positions * rows * padded_columns(gemm, n) * kSize; }
  // Of M, of whose groups but the last the next one's columns follow.
  int64_t columns() const { return p.out.channels - n + padded_columns(gemm, n); }
  // Multiply-adds of the products, and of all.
  double products(int64_t tiles) const {
    return static_cast<double>(tiles * positions) * static_cast<double>(p.depth.taps * p.in.channels) *
           static_cast<double>(n);
  }
  double work() const {
    return products(tiles()) + transform_work(gemm, tiles() * positions, p.in.channels) +
           transform_work(gemm, tiles() * positions, p.out.channels);
  }
  // V of a block no larger than this one.
  PositionMatrices<T> v_shape(const TileBlock& block) const {
    return PositionMatrices<T>::shape(block.tiles * block.inputs(p.depth).count(), p.in.channels);
  }
  // Of a worker's scratch: where planar images are turned.
  int64_t window_size() const {
    return std::max(p.in.planar ? seen.size() : 0, p.out.planar ? written.size() : 0);
  }

  static int64_t weights_step(int64_t depth, int64_t columns) { return depth * columns + kLineBytes / kSize; }
  // U of a group's columns from `column` on.
  PositionWeights<T> weights_of(const T* u, int64_t group, int64_t column) const {
    const int64_t step = weights_step(rows, padded_columns(gemm, n));
    return {u + group * positions * step + column * rows, rows, step};
  }
  // The same where the weights were given transformed.
  PositionWeights<T> kept(int64_t group, int64_t column) const {
    return weights_of(p.packed->data.data(), p.first_group + group, column);
  }
  // U of all channels: by all threads, or by one, with scratch of packed_size(pack_depth()).
  int64_t weights_size() const { return p.groups * positions * weights_step(rows, padded_columns(gemm, n)); }
  int64_t pack_depth() const { return ceil_div(k, ceil_div(k, kLeastDepth)); }
  Scratch<T> pack() const;
  void pack(T* u, T* packed) const;

  // V of tiles [first, first + count) of a block. `window`: of window_size().
  void transform_input(const TileBlock& block, int64_t first, int64_t count, const PositionMatrices<T>& v,
                       T* window) const;
  // Taps whose columns are not contiguous are turned first, a panel and a stretch of channels at a time, in `packed`.
  int64_t packed_size(int64_t depth) const {
    return p.taps.column_step == 1 ? 0 : tap_count() * depth * shape.width;
  }
  // A part of U: a stretch of channels of a tap of the depth, of a panel of a group.
  int64_t pack_parts() const {
    return p.groups * ceil_div(n, shape.width) * p.depth.taps * ceil_div(k, kLeastDepth);
  }
  void pack_part(int64_t part, T* u, T* packed) const;
  // Rows [first, first + depth) of a group's panel at `column`, all of one tap: target[position][depth][width].
  void transform_weights(int64_t group, int64_t first, int64_t depth, int64_t column, T* target, int64_t step,
                         T* packed) const;
  // M = V U, or M += V U, of columns of a group: planes that see the same taps together.
  void multiply(const TileBlock& block, const PositionMatrices<T>& v, const PositionWeights<T>& u,
                int64_t columns, const PositionMatrices<T>& m, bool accumulate) const;
  // Of `count` tiles that see the same.
  void multiply(const PositionMatrices<T>& v, int64_t count, const DepthTerms& terms,
                const PositionWeights<T>& u, int64_t columns, const PositionMatrices<T>& m,
                bool accumulate) const;
  void multiply_fetching(const PositionMatrices<T>& v, int64_t count, const DepthTerms& terms,
                         const PositionWeights<T>& u, int64_t columns, const PositionMatrices<T>& m,
                         bool accumulate) const;
  // Columns [column, column + columns) of a block of out; `outside` takes what lies beyond the image.
  void transform_output(const TileBlock& block, int64_t column, int64_t columns, const PositionMatrices<T>& m,
                        T* outside, T* window) const;
  void transform_output(const Planes<T>& out, const TileBlock& block, int64_t column, int64_t columns,
                        const PositionMatrices<T>& m, T* outside, T* window) const;

  const WinogradProduct<T>& p;
  const Kernels<T>& table;
  const GemmKernels<T>& gemm;
  const WinogradKernels<T>& winograd;
  int64_t positions;
  TileGrid grid;
  int64_t k, n;  // of a group
  int64_t rows;  // of its U, depth.taps * k
  PanelShape shape;
  PlaneWindows<T> seen, written;
  Scratch<T> zero;
};

// Many tiles: all weights are transformed first, and blocks of tiles pass over them.
template <class T>
void winograd_by_tiles(const WinogradStages<T>& stages);

// Few tiles: a panel's weights are transformed where it is used, and never leave the cache; the panels of `stages` may
// become narrower for it.
template <class T>
bool winograd_columns_pay(const WinogradStages<T>& stages);
template <class T>
void winograd_by_columns(WinogradStages<T>& stages);

}  // namespace foldgate
