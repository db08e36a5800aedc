// The gradient by the kernel as the adjoint of Winograd's forward, e * e products over the tiles:
//
//   dU[position][c][o] = sum over tiles of V[position][tile][c] D[position][tile][o],  dkernel[t][c][o] = (G' dU G)[t]
//
// with V the transformed tiles of x and D those of dy. Every tap along the depth has a dU of its own, of the planes that see
// one another through it. Of several groups c goes over all channels of x, o over those of dy that are of c's group.
#include "ops/conv/group_slabs.h"
#include "ops/conv/winograd_gradient_stages.h"

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

template <class T>
int64_t block_tiles(const WinogradGradientStages<T>& s) {
  return std::max<int64_t>(s.shape.rows, kBlockBytes / s.tile_bytes());
}

// The parts' sums in their order, and the last transform.
template <class T>
void join(const WinogradGradientStages<T>& s, T* sums, int64_t parts, int64_t size, GradientSums<T> shape,
          bool accumulate, T* dkernel) {
  const EvenSplit rows(s.inputs, kRows);
  const double work = kValueWork * static_cast<double>(parts * size);
  parallel_for(
      rows.parts * s.depth.taps, workers_for(rows.parts * s.depth.taps, work), [&](int64_t task, int) {
        const int64_t tap = task / rows.parts, first = rows.begin(task % rows.parts),
                      count = rows.size(task % rows.parts);
        T* mine = sums + tap * s.positions * shape.step + first * shape.width;
        for (int64_t part = 1; part < parts; ++part)
          for (int64_t position = 0; position < s.positions; ++position)
            s.table.conv.add(mine + position * shape.step, mine + part * size + position * shape.step,
                             count * shape.width);
        s.to_kernel({mine, shape.width, shape.step}, tap, {first, count, 0, s.outputs}, accumulate, dkernel);
      });
}

// Tiles of which `unit` stay together.
template <class T>
void transform_round(const WinogradGradientStages<T>& s, const TileBlock& block, int64_t unit,
                     const PositionMatrices<T>& v, const PositionMatrices<T>& d) {
  const EvenSplit tasks(block.tiles / unit, std::max<int64_t>(1, kTaskTiles / block.planes / unit));
  const int workers = workers_for(
      tasks.parts, kValueWork * static_cast<double>(block.rows() * s.positions * (s.inputs + s.dy.channels)));
  const Scratch<T> windows(workers * s.window_size());
  parallel_for(tasks.parts, workers, [&](int64_t task, int worker) {
    s.transform(block, tasks.begin(task) * unit, tasks.size(task) * unit, v, d,
                windows.data() + worker * s.window_size());
  });
}

// So few tiles that two threads share the rows of dU: each transforms all tiles.
template <class T>
void one_block(const WinogradGradientStages<T>& s, bool accumulate, T* dkernel) {
  const bool shares = !s.alone && s.whole_work() >= kParallelWork && get_num_threads() > 1;
  const EvenSplit rows(s.inputs, shares ? ceil_div(s.inputs, 2) : s.inputs);
  const int workers = workers_for(rows.parts, s.whole_work());
  const int64_t width = padded_columns(s.gemm, s.outputs), step = s.sums_step(s.inputs, width);
  const TileBlock block{0, s.grid.count, 0, s.dy.depth};
  const PositionMatrices<T> v_shape = PositionMatrices<T>::shape(s.grid.count * s.x.depth, s.inputs),
                            d_shape = PositionMatrices<T>::shape(block.rows(), s.dy.channels);
  const int64_t own = s.positions * (v_shape.step + d_shape.step) + s.window_size();
  const Scratch<T> scratch(workers * own), sums(s.positions * step);
  parallel_for(rows.parts, workers, [&](int64_t task, int worker) {
    const PositionMatrices<T> v = v_shape.at(scratch.data() + worker * own),
                              d = d_shape.at(v.data + s.positions * v.step);
    s.transform(block, 0, block.tiles, v, d, d.data + s.positions * d.step);
    const GradientSquare square{rows.begin(task), rows.size(task), 0, s.outputs};
    const GradientSums<T> mine{sums.data() + square.row * width, width, step};
    for (int64_t tap = 0; tap < s.depth.taps; ++tap) {
      s.add_products(v, d, block, tap, square, mine, false);
      s.to_kernel(mine, tap, square, accumulate, dkernel);
    }
  });
}

template <class T>
void whole(const WinogradGradientStages<T>& s, bool accumulate, T* dkernel) {
  const int64_t width = padded_columns(s.gemm, s.outputs), step = s.sums_step(s.inputs, width),
                size = s.depth.taps * s.positions * step;
  const int64_t rows = block_tiles(s);
  const TileUnits units(s.grid, s.dy.depth, s.x.planar, rows);
  const int64_t most = std::min({s.tiles() / (2 * rows), kSumParts, kSumBytes / (size * s.kSize)});
  const int64_t parts = std::max<int64_t>(2, most / 2 * 2);
  const int64_t rounds =
      1 + static_cast<int64_t>(s.work(s.tiles()) / (kTaskWork * static_cast<double>(parts)));
  const EvenSplit slots(units.count(), ceil_div(units.count(), parts * rounds));
  const int64_t block_units = units.within(rows), tiles = units.tiles(block_units);
  const int workers = workers_for(parts, s.whole_work());
  const PositionMatrices<T> v = s.v_shape(tiles, units.planes()),
                            d = PositionMatrices<T>::shape(tiles * units.planes(), s.dy.channels);
  const int64_t own = s.positions * (v.step + d.step) + s.window_size();
  const Scratch<T> scratch(workers * own), sums(parts * size);
  for (int64_t round = 0; round < slots.parts; round += parts)
    parallel_for(std::min(parts, slots.parts - round), workers, [&](int64_t part, int worker) {
      T* mine = scratch.data() + worker * own;
      const EvenSplit blocks(slots.size(round + part), block_units);
      for (int64_t b = 0; b < blocks.parts; ++b) {
        const PositionMatrices<T> block_v = v.at(mine), block_d = d.at(mine + s.positions * v.step);
        const TileBlock block = units.block(slots.begin(round + part) + blocks.begin(b), blocks.size(b));
        s.transform(block, 0, block.tiles, block_v, block_d, block_d.data + s.positions * d.step);
        for (int64_t tap = 0; tap < s.depth.taps; ++tap)
          s.add_products(block_v, block_d, block, tap, {0, s.inputs, 0, s.outputs},
                         {sums.data() + part * size + tap * s.positions * step, width, step}, round + b > 0);
      }
    });
  join<T>(s, sums.data(), std::min(parts, slots.parts), size, {nullptr, width, step}, accumulate, dkernel);
}

template <class T>
void squares(const WinogradGradientStages<T>& s, bool accumulate, T* dkernel) {
  const int64_t most = std::max<int64_t>(1, kRoundBytes / s.tile_bytes());
  const TileUnits units(s.grid, s.dy.depth, s.x.planar, most);
  const EvenSplit rounds(units.count(), units.within(most));
  const int64_t tiles = units.tiles(ceil_div(rounds.total, rounds.parts));
  const PositionMatrices<T> v_shape = s.v_shape(tiles, units.planes()),
                            d_shape = PositionMatrices<T>::shape(tiles * units.planes(), s.dy.channels);
  const Scratch<T> transformed(s.positions * (v_shape.step + d_shape.step));
  const PositionMatrices<T> v = v_shape.at(transformed.data()), d = d_shape.at(v.data + s.positions * v.step);
  const int64_t width = std::min(kSquare, padded_columns(s.gemm, s.outputs));
  const EvenSplit rows(s.inputs, kSquare);
  const int64_t columns = ceil_div(s.outputs, width),
                step = s.sums_step(ceil_div(s.inputs, rows.parts), width);
  const int64_t squares = rows.parts * columns, tasks = squares * s.depth.taps;
  const int workers = workers_for(tasks, s.work(tiles * units.planes()));
  const Scratch<T> sums(workers * s.positions * step);
  for (int64_t round = 0; round < rounds.parts; ++round) {
    const TileBlock block = units.block(rounds.begin(round), rounds.size(round));
    transform_round<T>(s, block, units.together(), v, d);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      const int64_t tap = task / squares, row = task % squares / columns, column = task % columns * width;
      const GradientSquare square{rows.begin(row), rows.size(row), column,
                                  std::min(width, s.outputs - column)};
      const GradientSums<T> mine{sums.data() + worker * s.positions * step, width, step};
      s.add_products(v, d, block, tap, square, mine, false);
      s.to_kernel(mine, tap, square, accumulate || round > 0, dkernel);
    });
  }
}

// dkernel: from the first of the stages' groups on.
template <class T>
void run(const WinogradGradientStages<T>& s, bool accumulate, T* dkernel) {
  if (s.depth.taps * s.positions * s.inputs * padded_columns(s.gemm, s.outputs) * s.kSize > kWholeBytes)
    return squares(s, accumulate, dkernel);
  s.tiles() <= block_tiles(s) ? one_block(s, accumulate, dkernel) : whole(s, accumulate, dkernel);
}

}  // namespace

template <class T>
void winograd_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                               T* dkernel) {
  const double work = 3 * plan.work();
  for_each_slab(plan.groups, std::max(plan.group_in(), plan.group_out()), work,
                [&](int64_t first, int64_t groups, bool alone) {
                  const WinogradGradientStages<T> stages(plan, batch, x, dy, first, groups, alone);
                  run(stages, accumulate, dkernel + first * plan.group_out());
                });
}

template void winograd_backward_weights(const ConvPlan&, int64_t, const float*, const float*, bool, float*);
template void winograd_backward_weights(const ConvPlan&, int64_t, const double*, const double*, bool,
                                        double*);

}  // namespace foldgate
