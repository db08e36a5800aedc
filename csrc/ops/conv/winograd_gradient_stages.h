// The stages of Winograd's gradient by the kernel (winograd_backward_weights.cc): the transforms of x and dy, the products of
// the positions, which add up to dU, and its transform.
#pragma once
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/winograd.h"
#include "ops/conv/winograd_blocks.h"

namespace foldgate {

// F(2 x 2) sums 16 positions instead of 36, in products 2.25 times as long: faster for few tiles of F(4 x 4), if its dU is
// large. One thread and two, F(4 x 4)'s time over F(2 x 2)'s: 16 tiles of 256 x 256 channels 1.07 and 1.15, of 256 x 128 .90
// and .87, of 128 x 128 .84 and .85; 25 of 256 x 256 .80 and .96.
constexpr int64_t kGradientFewTiles = 20;
constexpr int64_t kGradientLargeSums = 6 << 20;

template <class T>
WeightForm::Kind gradient_kind(const ConvPlan& plan, int64_t batch) {
  if (plan.window.height().kernel == 5) return WeightForm::kWinograd25;
  const WindowAxis &height = plan.window.height(), &width = plan.window.width();
  const TileGrid tiles(batch, height.output, width.output, 4, height.dilation);
  const int64_t bytes = 36 * plan.group_in() * plan.out_channels * static_cast<int64_t>(sizeof(T));
  return tiles.count * plan.window.depth().output < kGradientFewTiles && bytes > kGradientLargeSums
             ? WeightForm::kWinograd23
             : WeightForm::kWinograd43;
}

// Channels [row, row + rows) of x and [column, column + columns) of each group of dy.
struct GradientSquare {
  int64_t row, rows, column, columns;
};

// A dU: [position][row][width].
template <class T>
struct GradientSums {
  T* data;
  int64_t width, step;
};

template <class T>
struct WinogradGradientStages {
  static constexpr int64_t kSize = static_cast<int64_t>(sizeof(T));

  // Of groups [first, first + groups) of the plan's; `alone`: in a task that has a thread to itself.
  WinogradGradientStages(const ConvPlan& plan, int64_t batch, const T* images, const T* gradient,
                         int64_t first, int64_t groups, bool alone)
      : x(input_planes(plan, images).slice(first * plan.group_in(), groups * plan.group_in())),
        dy(output_planes(plan, gradient).slice(first * plan.group_out(), groups * plan.group_out())),
        alone(alone),
        depth{plan.window.depth().kernel, plan.window.depth().before, plan.window.depth().input},
        before{plan.window.height().before, plan.window.width().before},
        table(kernels<T>()),
        gemm(table.gemm),
        winograd(winograd_of(table, gradient_kind<T>(plan, batch))),
        positions(winograd.edge * winograd.edge),
        grid(batch, dy.height, dy.width, winograd.outputs, plan.window.height().dilation),
        group_in(plan.group_in()),
        row_step(plan.out_channels),
        inputs(x.channels),
        outputs(plan.group_out()),
        shape(tall_shape(gemm, outputs)),
        x_windows(grid, winograd.edge, inputs),
        dy_windows(grid, winograd.outputs, dy.channels),
        zero(std::max(inputs, dy.channels)) {
    zero.zero();
  }

  // Rows of D, of all planes.
  int64_t tiles() const { return grid.count * dy.depth; }
  double work(int64_t tiles) const {
    return static_cast<double>(tiles * positions) * static_cast<double>(depth.taps * inputs) *
           static_cast<double>(outputs);
  }
  // With the transforms, which each worker does.
  double whole_work() const {
    const int64_t rows = tiles() * positions;
    return work(tiles()) + transform_work(gemm, rows, inputs) + transform_work(gemm, rows, dy.channels);
  }
  int64_t tile_bytes() const { return positions * (inputs + dy.channels) * kSize; }

  // V of a block of so many tiles.
  PositionMatrices<T> v_shape(int64_t tiles, int64_t planes) const {
    return PositionMatrices<T>::shape(tiles * std::min(x.depth, planes + depth.taps - 1), inputs);
  }
  static int64_t sums_step(int64_t rows, int64_t width) { return rows * width + kLineBytes / kSize; }

  // Elements of a worker's scratch where planes are turned.
  int64_t window_size() const { return x.planar ? std::max(x_windows.size(), dy_windows.size()) : 0; }

  // V and D of tiles [first, first + count) of a block.
  void transform(const TileBlock& block, int64_t first, int64_t count, const PositionMatrices<T>& v,
                 const PositionMatrices<T>& d, T* window) const {
    const auto planes = block.inputs(depth);
    const T* const outside = zero.data();
    for (int64_t i = 0; i < planes.count(); ++i)
      x_windows.transform_plane(winograd.input, x.at_depth(planes.first + i),
                                {grid, block.tile + first, count, winograd.edge, {before[0], before[1]}},
                                outside, window, v.part(i * block.tiles + first, 0));
    for (int64_t i = 0; i < block.planes; ++i)
      dy_windows.transform_plane(winograd.output_gradient, dy.at_depth(block.plane + i),
                                 {grid, block.tile + first, count, winograd.outputs, {0, 0}}, outside, window,
                                 d.part(i * block.tiles + first, 0));
  }

  // body(group, its part of the square, its sums)
  template <class Body>
  void for_each_group(const GradientSquare& square, const GradientSums<T>& sums, Body body) const {
    for (int64_t row = square.row, end = row + square.rows; row < end;) {
      const int64_t group = row / group_in, rows = std::min(end, (group + 1) * group_in) - row;
      T* const data = sums.data + (row - square.row) * sums.width;
      body(group, GradientSquare{row, rows, square.column, square.columns},
           GradientSums<T>{data, sums.width, sums.step});
      row += rows;
    }
  }
  // dU = or += V' D of a square and a tap of the depth over a block.
  void add_products(const PositionMatrices<T>& v, const PositionMatrices<T>& d, const TileBlock& block,
                    int64_t tap, const GradientSquare& square, const GradientSums<T>& sums,
                    bool accumulate) const {
    const auto planes = depth.seeing(tap, block.plane, block.planes);
    const int64_t seen = planes.first - depth.before + tap - block.inputs(depth).first;
    for_each_group(square, sums, [&](int64_t group, const GradientSquare& part, const GradientSums<T>& mine) {
      add_group_products(v.part(seen * block.tiles, 0),
                         d.part((planes.first - block.plane) * block.tiles, group * outputs),
                         planes.count() * block.tiles, part, mine, accumulate);
    });
  }
  void add_group_products(const PositionMatrices<T>& v, const PositionMatrices<T>& d, int64_t count,
                          const GradientSquare& square, const GradientSums<T>& sums, bool accumulate) const {
    const EvenSplit tiles(square.rows, shape.rows);
    const Epilogue<T> epilogue{nullptr, accumulate};
    const T *a, *b;
    T* c[kRowPointers];
    Tile<T> tile;
    tile.length = count;
    tile.a = &a;
    tile.a_step = v.row_step;
    tile.b = &b;
    tile.b_step = d.row_step;
    tile.c = c;
    for (int64_t position = 0; position < positions; ++position)
      for (int64_t column = 0; column < square.columns; column += shape.width) {
        const int64_t width = panel_width(gemm, shape, square.columns - column);
        tile.columns = static_cast<int>(width);  // dU has room for whole vectors; what is beyond nobody reads
        b = d.data + position * d.step + square.column + column;
        for (int64_t part = 0; part < tiles.parts; ++part) {
          const int64_t first = tiles.begin(part), height = tiles.size(part);
          a = v.data + position * v.step + square.row + first;
          for (int64_t i = 0; i < height; ++i)
            c[i] = sums.data + position * sums.step + (first + i) * sums.width + column;
          gemm.columns(static_cast<int>(height), static_cast<int>(width / gemm.lanes), tile, epilogue);
        }
      }
  }

  // dkernel: from the first group on.
  void to_kernel(const GradientSums<T>& sums, int64_t tap, const GradientSquare& square, bool accumulate,
                 T* dkernel) const {
    dkernel += tap * winograd.taps * winograd.taps * group_in * row_step;
    for_each_group(square, sums, [&](int64_t group, const GradientSquare& part, const GradientSums<T>& mine) {
      const int64_t row = part.row - group * group_in;
      winograd.weights_gradient(mine.data, mine.width, mine.step, part.rows, part.columns, accumulate,
                                dkernel + row * row_step + group * outputs + part.column, group_in * row_step,
                                row_step);
    });
  }

  const Planes<const T> x, dy;
  const bool alone;
  const DepthTaps depth;
  const int64_t before[2];
  const Kernels<T>& table;
  const GemmKernels<T>& gemm;
  const WinogradKernels<T>& winograd;
  int64_t positions;
  TileGrid grid;
  int64_t group_in, row_step;  // of dkernel
  int64_t inputs, outputs;     // channels of x, and of a group of dy
  PanelShape shape;
  PlaneWindows<T> x_windows, dy_windows;
  Scratch<T> zero;
};

}  // namespace foldgate
