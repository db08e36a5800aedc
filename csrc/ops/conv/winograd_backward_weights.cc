// The gradient by the kernel as the adjoint of Winograd's forward, e * e products over the tiles:
//
//   dU[position][c][o] = sum over tiles of V[position][tile][c] D[position][tile][o],  dkernel[t][c][o] = (G' dU G)[t]
//
// with V the transformed tiles of x and D those of dy. Of several groups c goes over all channels of x, o over those of dy
// that are of c's group.
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/group_slabs.h"
#include "ops/conv/winograd.h"
#include "ops/conv/winograd_planes.h"

namespace foldgate {
namespace {

// A dU that stays in L2 is summed whole, block by block of tiles whose V and D pass through L2 as well; by up to
// kSumParts tasks, each into a dU of its own, as long as these are small enough to join: an even number of them, which two
// threads share in halves.
constexpr int64_t kWholeBytes = 1 << 20;
constexpr int64_t kBlockBytes = 640 << 10;
constexpr int64_t kSumParts = 8;
constexpr int64_t kSumBytes = 5 << 19;
// A larger one is summed in squares of kSquare channels of either kind, each over the tiles of a round at once. V and D
// of a round come from L3.
constexpr int64_t kRoundBytes = 8 << 20;
constexpr int64_t kSquare = 64;
// Rows of dU a task of the last transform; tiles a task of the first ones; the most multiply-adds of a task: ~10 ms, so that
// an interrupt is answered.
constexpr int64_t kRows = 8;
constexpr int64_t kTaskTiles = 8;
constexpr double kTaskWork = 5e8;

// F(2 x 2) sums 16 positions instead of 36, in products 2.25 times as long: faster for few tiles of F(4 x 4), if its dU is
// large. One thread and two, F(4 x 4)'s time over F(2 x 2)'s: 16 tiles of 256 x 256 channels 1.07 and 1.15, of 256 x 128 .90
// and .87, of 128 x 128 .84 and .85; 25 of 256 x 256 .80 and .96.
constexpr int64_t kFewTiles = 20;
constexpr int64_t kLargeSums = 6 << 20;

template <class T>
WeightForm::Kind gradient_kind(const ConvPlan& plan, int64_t batch) {
  if (plan.window.height().kernel == 5) return WeightForm::kWinograd25;
  const WindowAxis &height = plan.window.height(), &width = plan.window.width();
  const TileGrid tiles(batch, height.output, width.output, 4, height.dilation);
  const int64_t bytes = 36 * plan.group_in() * plan.out_channels * static_cast<int64_t>(sizeof(T));
  return tiles.count < kFewTiles && bytes > kLargeSums ? WeightForm::kWinograd23 : WeightForm::kWinograd43;
}

template <class T>
class WinogradGradient {
 public:
  // Of groups [first, first + groups) of the plan's; `alone`: in a task that has a thread to itself.
  WinogradGradient(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, int64_t first,
                   int64_t groups, bool alone)
      : x_(Planes<const T>{x, plan.window.height().input, plan.window.width().input, plan.in_channels,
                           plan.channels_first}
               .slice(first * plan.group_in(), groups * plan.group_in())),
        dy_(Planes<const T>{dy, plan.window.height().output, plan.window.width().output, plan.out_channels,
                            plan.channels_first}
                .slice(first * plan.group_out(), groups * plan.group_out())),
        alone_(alone),
        before_{plan.window.height().before, plan.window.width().before},
        kernels_(kernels<T>()),
        gemm_(kernels_.gemm),
        winograd_(winograd_of(kernels_, gradient_kind<T>(plan, batch))),
        positions_(winograd_.edge * winograd_.edge),
        grid_(batch, dy_.height, dy_.width, winograd_.outputs, plan.window.height().dilation),
        group_in_(plan.group_in()),
        row_step_(plan.out_channels),
        c_(x_.channels),
        o_(plan.group_out()),
        shape_(tall_shape(gemm_, o_)),
        x_windows_(grid_, winograd_.edge, c_),
        dy_windows_(grid_, winograd_.outputs, dy_.channels),
        zero_(std::max(c_, dy_.channels)) {
    zero_.zero();
  }

  // dkernel: from the first group on.
  void run(bool accumulate, T* dkernel) {
    if (positions_ * c_ * padded_columns(gemm_, o_) * kSize > kWholeBytes)
      return squares(accumulate, dkernel);
    grid_.count <= block_tiles() ? one_block(accumulate, dkernel) : whole(accumulate, dkernel);
  }

 private:
  static constexpr int64_t kSize = static_cast<int64_t>(sizeof(T));
  using Matrices = PositionMatrices<T>;

  double work(int64_t tiles) const {
    return static_cast<double>(tiles * positions_) * static_cast<double>(c_) * static_cast<double>(o_);
  }
  // With the transforms, which each worker does.
  double whole_work() const {
    const int64_t rows = grid_.count * positions_;
    return work(grid_.count) + transform_work(gemm_, rows, c_) + transform_work(gemm_, rows, dy_.channels);
  }
  int64_t tile_bytes() const { return positions_ * (c_ + dy_.channels) * kSize; }

  // dU: [position][row][width].
  struct Sums {
    T* data;
    int64_t width, step;
  };
  static int64_t sums_step(int64_t rows, int64_t width) { return rows * width + kLineBytes / kSize; }

  int64_t block_tiles() const { return std::max<int64_t>(shape_.rows, kBlockBytes / tile_bytes()); }

  // So few tiles that two threads share the rows of dU: each transforms all tiles.
  void one_block(bool accumulate, T* dkernel) {
    const bool shares = !alone_ && whole_work() >= kParallelWork && get_num_threads() > 1;
    const EvenSplit rows(c_, shares ? ceil_div(c_, 2) : c_);
    const int workers = workers_for(rows.parts, whole_work());
    const int64_t width = padded_columns(gemm_, o_), step = sums_step(c_, width);
    const Matrices v_shape = Matrices::shape(grid_.count, c_),
                   d_shape = Matrices::shape(grid_.count, dy_.channels);
    const int64_t own = positions_ * (v_shape.step + d_shape.step) + window_size();
    const Scratch<T> scratch(workers * own), sums(positions_ * step);
    parallel_for(rows.parts, workers, [&](int64_t task, int worker) {
      const Matrices v = v_shape.at(scratch.data() + worker * own),
                     d = d_shape.at(v.data + positions_ * v.step);
      transform(0, grid_.count, v, d, d.data + positions_ * d.step);
      const Square square{rows.begin(task), rows.size(task), 0, o_};
      const Sums mine{sums.data() + square.row * width, width, step};
      add_products(v, d, grid_.count, square, mine, false);
      to_kernel(mine, square, accumulate, dkernel);
    });
  }

  void whole(bool accumulate, T* dkernel) {
    const int64_t width = padded_columns(gemm_, o_), step = sums_step(c_, width), size = positions_ * step;
    const int64_t block = block_tiles();
    const int64_t unit = tiles_together(grid_, x_.planar, block), units = grid_.count / unit;
    const int64_t most = std::min({grid_.count / (2 * block), kSumParts, kSumBytes / (size * kSize)});
    const int64_t parts = std::max<int64_t>(2, most / 2 * 2);
    const int64_t rounds =
        1 + static_cast<int64_t>(work(grid_.count) / (kTaskWork * static_cast<double>(parts)));
    const EvenSplit slots(units, ceil_div(units, parts * rounds));
    const int64_t block_units = std::max<int64_t>(1, block / unit);
    const int workers = workers_for(parts, whole_work());
    const Matrices v = Matrices::shape(block_units * unit, c_),
                   d = Matrices::shape(block_units * unit, dy_.channels);
    const int64_t own = positions_ * (v.step + d.step) + window_size();
    const Scratch<T> scratch(workers * own), sums(parts * size);
    for (int64_t round = 0; round < slots.parts; round += parts)
      parallel_for(std::min(parts, slots.parts - round), workers, [&](int64_t part, int worker) {
        T* mine = scratch.data() + worker * own;
        const EvenSplit blocks(slots.size(round + part), block_units);
        for (int64_t b = 0; b < blocks.parts; ++b) {
          const Matrices block_v = v.at(mine), block_d = d.at(mine + positions_ * v.step);
          const int64_t first = slots.begin(round + part) + blocks.begin(b), tiles = blocks.size(b) * unit;
          transform(first * unit, tiles, block_v, block_d, block_d.data + positions_ * d.step);
          add_products(block_v, block_d, tiles, {0, c_, 0, o_}, {sums.data() + part * size, width, step},
                       round + b > 0);
        }
      });
    join(sums.data(), std::min(parts, slots.parts), size, {nullptr, width, step}, accumulate, dkernel);
  }

  // The parts' sums in their order, and the last transform.
  void join(T* sums, int64_t parts, int64_t size, Sums shape, bool accumulate, T* dkernel) const {
    const EvenSplit rows(c_, kRows);
    const double work = kValueWork * static_cast<double>(parts * size);
    parallel_for(rows.parts, workers_for(rows.parts, work), [&](int64_t task, int) {
      const int64_t first = rows.begin(task), count = rows.size(task);
      T* mine = sums + first * shape.width;
      for (int64_t part = 1; part < parts; ++part)
        for (int64_t position = 0; position < positions_; ++position)
          kernels_.conv.add(mine + position * shape.step, mine + part * size + position * shape.step,
                            count * shape.width);
      to_kernel({mine, shape.width, shape.step}, {first, count, 0, o_}, accumulate, dkernel);
    });
  }

  void squares(bool accumulate, T* dkernel) {
    const int64_t most = std::max<int64_t>(1, kRoundBytes / tile_bytes());
    const int64_t unit = tiles_together(grid_, x_.planar, most);
    const EvenSplit rounds(grid_.count / unit, std::max<int64_t>(1, most / unit));
    const int64_t tiles = ceil_div(rounds.total, rounds.parts) * unit;
    const Matrices v_shape = Matrices::shape(tiles, c_), d_shape = Matrices::shape(tiles, dy_.channels);
    const Scratch<T> transformed(positions_ * (v_shape.step + d_shape.step));
    const Matrices v = v_shape.at(transformed.data()), d = d_shape.at(v.data + positions_ * v.step);
    const int64_t width = std::min(kSquare, padded_columns(gemm_, o_));
    const EvenSplit rows(c_, kSquare);
    const int64_t columns = ceil_div(o_, width), step = sums_step(ceil_div(c_, rows.parts), width);
    const int workers = workers_for(rows.parts * columns, work(tiles));
    const Scratch<T> sums(workers * positions_ * step);
    for (int64_t round = 0; round < rounds.parts; ++round) {
      transform_round(rounds.begin(round) * unit, rounds.size(round) * unit, unit, v, d);
      parallel_for(rows.parts * columns, workers, [&](int64_t task, int worker) {
        const int64_t row = task / columns, column = task % columns * width;
        const Square square{rows.begin(row), rows.size(row), column, std::min(width, o_ - column)};
        const Sums mine{sums.data() + worker * positions_ * step, width, step};
        add_products(v, d, rounds.size(round) * unit, square, mine, false);
        to_kernel(mine, square, accumulate || round > 0, dkernel);
      });
    }
  }

  // Tiles [first, first + count), of which `unit` stay together.
  void transform_round(int64_t first, int64_t count, int64_t unit, const Matrices& v,
                       const Matrices& d) const {
    const EvenSplit tasks(count / unit, std::max<int64_t>(1, kTaskTiles / unit));
    const int workers =
        workers_for(tasks.parts, kValueWork * static_cast<double>(count * positions_ * (c_ + dy_.channels)));
    const Scratch<T> windows(workers * window_size());
    parallel_for(tasks.parts, workers, [&](int64_t task, int worker) {
      const int64_t begin = tasks.begin(task) * unit;
      transform(first + begin, tasks.size(task) * unit, v.part(begin, 0), d.part(begin, 0),
                windows.data() + worker * window_size());
    });
  }

  // Elements of a worker's scratch where planes are turned.
  int64_t window_size() const { return x_.planar ? std::max(x_windows_.size(), dy_windows_.size()) : 0; }

  void transform(int64_t first, int64_t count, const Matrices& v, const Matrices& d, T* window) const {
    const T* zero = zero_.data();
    if (x_.planar) {
      x_windows_.transform(winograd_.input, x_, first, count, before_, zero, window, v);
      return dy_windows_.transform(winograd_.output_gradient, dy_, first, count, {0, 0}, zero, window, d);
    }
    transform_tiles(winograd_.input, x_, {grid_, first, count, winograd_.edge, {before_[0], before_[1]}},
                    zero, v);
    transform_tiles(winograd_.output_gradient, dy_, {grid_, first, count, winograd_.outputs, {0, 0}}, zero,
                    d);
  }

  // Channels [row, row + rows) of x and [column, column + columns) of each group of dy.
  struct Square {
    int64_t row, rows, column, columns;
  };
  // body(group, its part of the square, its sums)
  template <class Body>
  void for_each_group(const Square& square, const Sums& sums, Body body) const {
    for (int64_t row = square.row, end = row + square.rows; row < end;) {
      const int64_t group = row / group_in_, rows = std::min(end, (group + 1) * group_in_) - row;
      T* const data = sums.data + (row - square.row) * sums.width;
      body(group, Square{row, rows, square.column, square.columns}, Sums{data, sums.width, sums.step});
      row += rows;
    }
  }
  // dU = or += V' D of a square over `count` tiles.
  void add_products(const Matrices& v, const Matrices& d, int64_t count, const Square& square,
                    const Sums& sums, bool accumulate) const {
    for_each_group(square, sums, [&](int64_t group, const Square& part, const Sums& mine) {
      add_group_products(v, d.part(0, group * o_), count, part, mine, accumulate);
    });
  }
  void add_group_products(const Matrices& v, const Matrices& d, int64_t count, const Square& square,
                          const Sums& sums, bool accumulate) const {
    const EvenSplit tiles(square.rows, shape_.rows);
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
    for (int64_t position = 0; position < positions_; ++position)
      for (int64_t column = 0; column < square.columns; column += shape_.width) {
        const int64_t width = panel_width(gemm_, shape_, square.columns - column);
        tile.columns =
            static_cast<int>(width);  // dU has room for whole vectors, of which nobody reads what is beyond
        b = d.data + position * d.step + square.column + column;
        for (int64_t part = 0; part < tiles.parts; ++part) {
          const int64_t first = tiles.begin(part), height = tiles.size(part);
          a = v.data + position * v.step + square.row + first;
          for (int64_t i = 0; i < height; ++i)
            c[i] = sums.data + position * sums.step + (first + i) * sums.width + column;
          gemm_.columns(static_cast<int>(height), static_cast<int>(width / gemm_.lanes), tile, epilogue);
        }
      }
  }

  void to_kernel(const Sums& sums, const Square& square, bool accumulate, T* dkernel) const {
    for_each_group(square, sums, [&](int64_t group, const Square& part, const Sums& mine) {
      const int64_t row = part.row - group * group_in_;
      winograd_.weights_gradient(mine.data, mine.width, mine.step, part.rows, part.columns, accumulate,
                                 dkernel + row * row_step_ + group * o_ + part.column, group_in_ * row_step_,
                                 row_step_);
    });
  }

  const Planes<const T> x_, dy_;
  const bool alone_;
  const int64_t before_[2];
  const Kernels<T>& kernels_;
  const GemmKernels<T>& gemm_;
  const WinogradKernels<T>& winograd_;
  int64_t positions_;
  TileGrid grid_;
  int64_t group_in_, row_step_;  // of dkernel
  int64_t c_, o_;
  PanelShape shape_;
  PlaneWindows<T> x_windows_, dy_windows_;
  Scratch<T> zero_;
};

}  // namespace

template <class T>
void winograd_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                               T* dkernel) {
  const double work = 3 * plan.work();
  for_each_slab(plan.groups, std::max(plan.group_in(), plan.group_out()), work,
                [&](int64_t first, int64_t groups, bool alone) {
                  WinogradGradient<T>(plan, batch, x, dy, first, groups, alone)
                      .run(accumulate, dkernel + first * plan.group_out());
                });
}

template void winograd_backward_weights(const ConvPlan&, int64_t, const float*, const float*, bool, float*);
template void winograd_backward_weights(const ConvPlan&, int64_t, const double*, const double*, bool,
                                        double*);

}  // namespace foldgate
