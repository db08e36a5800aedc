// The gradient by the kernel as the adjoint of Winograd's forward, e * e products over the tiles:
//
//   dU[position][c][o] = sum over tiles of V[position][tile][c] D[position][tile][o],  dkernel[t][c][o] = (G' dU G)[t]
//
// with V the transformed tiles of x and D those of dy. Of several groups c goes over all channels of x, o over those of dy
// that are of c's group.
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
  parallel_for(rows.parts, workers_for(rows.parts, work), [&](int64_t task, int) {
    const int64_t first = rows.begin(task), count = rows.size(task);
    T* mine = sums + first * shape.width;
    for (int64_t part = 1; part < parts; ++part)
      for (int64_t position = 0; position < s.positions; ++position)
        s.table.conv.add(mine + position * shape.step, mine + part * size + position * shape.step,
                         count * shape.width);
    s.to_kernel({mine, shape.width, shape.step}, {first, count, 0, s.outputs}, accumulate, dkernel);
  });
}

// Tiles [first, first + count), of which `unit` stay together.
template <class T>
void transform_round(const WinogradGradientStages<T>& s, int64_t first, int64_t count, int64_t unit,
                     const PositionMatrices<T>& v, const PositionMatrices<T>& d) {
  const EvenSplit tasks(count / unit, std::max<int64_t>(1, kTaskTiles / unit));
  const int workers = workers_for(
      tasks.parts, kValueWork * static_cast<double>(count * s.positions * (s.inputs + s.dy.channels)));
  const Scratch<T> windows(workers * s.window_size());
  parallel_for(tasks.parts, workers, [&](int64_t task, int worker) {
    const int64_t begin = tasks.begin(task) * unit;
    s.transform(first + begin, tasks.size(task) * unit, v.part(begin, 0), d.part(begin, 0),
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
  const PositionMatrices<T> v_shape = PositionMatrices<T>::shape(s.grid.count, s.inputs),
                            d_shape = PositionMatrices<T>::shape(s.grid.count, s.dy.channels);
  const int64_t own = s.positions * (v_shape.step + d_shape.step) + s.window_size();
  const Scratch<T> scratch(workers * own), sums(s.positions * step);
  parallel_for(rows.parts, workers, [&](int64_t task, int worker) {
    const PositionMatrices<T> v = v_shape.at(scratch.data() + worker * own),
                              d = d_shape.at(v.data + s.positions * v.step);
    s.transform(0, s.grid.count, v, d, d.data + s.positions * d.step);
    const GradientSquare square{rows.begin(task), rows.size(task), 0, s.outputs};
    const GradientSums<T> mine{sums.data() + square.row * width, width, step};
    s.add_products(v, d, s.grid.count, square, mine, false);
    s.to_kernel(mine, square, accumulate, dkernel);
  });
}

template <class T>
void whole(const WinogradGradientStages<T>& s, bool accumulate, T* dkernel) {
  const int64_t width = padded_columns(s.gemm, s.outputs), step = s.sums_step(s.inputs, width),
                size = s.positions * step;
  const int64_t block = block_tiles(s);
  const int64_t unit = tiles_together(s.grid, s.x.planar, block), units = s.grid.count / unit;
  const int64_t most = std::min({s.grid.count / (2 * block), kSumParts, kSumBytes / (size * s.kSize)});
  const int64_t parts = std::max<int64_t>(2, most / 2 * 2);
  const int64_t rounds =
      1 + static_cast<int64_t>(s.work(s.grid.count) / (kTaskWork * static_cast<double>(parts)));
  const EvenSplit slots(units, ceil_div(units, parts * rounds));
  const int64_t block_units = std::max<int64_t>(1, block / unit);
  const int workers = workers_for(parts, s.whole_work());
  const PositionMatrices<T> v = PositionMatrices<T>::shape(block_units * unit, s.inputs),
                            d = PositionMatrices<T>::shape(block_units * unit, s.dy.channels);
  const int64_t own = s.positions * (v.step + d.step) + s.window_size();
  const Scratch<T> scratch(workers * own), sums(parts * size);
  for (int64_t round = 0; round < slots.parts; round += parts)
    parallel_for(std::min(parts, slots.parts - round), workers, [&](int64_t part, int worker) {
      T* mine = scratch.data() + worker * own;
      const EvenSplit blocks(slots.size(round + part), block_units);
      for (int64_t b = 0; b < blocks.parts; ++b) {
        const PositionMatrices<T> block_v = v.at(mine), block_d = d.at(mine + s.positions * v.step);
        const int64_t first = slots.begin(round + part) + blocks.begin(b), tiles = blocks.size(b) * unit;
        s.transform(first * unit, tiles, block_v, block_d, block_d.data + s.positions * d.step);
        s.add_products(block_v, block_d, tiles, {0, s.inputs, 0, s.outputs},
                       {sums.data() + part * size, width, step}, round + b > 0);
      }
    });
  join<T>(s, sums.data(), std::min(parts, slots.parts), size, {nullptr, width, step}, accumulate, dkernel);
}

template <class T>
void squares(const WinogradGradientStages<T>& s, bool accumulate, T* dkernel) {
  const int64_t most = std::max<int64_t>(1, kRoundBytes / s.tile_bytes());
  const int64_t unit = tiles_together(s.grid, s.x.planar, most);
  const EvenSplit rounds(s.grid.count / unit, std::max<int64_t>(1, most / unit));
  const int64_t tiles = ceil_div(rounds.total, rounds.parts) * unit;
  const PositionMatrices<T> v_shape = PositionMatrices<T>::shape(tiles, s.inputs),
                            d_shape = PositionMatrices<T>::shape(tiles, s.dy.channels);
  const Scratch<T> transformed(s.positions * (v_shape.step + d_shape.step));
  const PositionMatrices<T> v = v_shape.at(transformed.data()), d = d_shape.at(v.data + s.positions * v.step);
  const int64_t width = std::min(kSquare, padded_columns(s.gemm, s.outputs));
  const EvenSplit rows(s.inputs, kSquare);
  const int64_t columns = ceil_div(s.outputs, width),
                step = s.sums_step(ceil_div(s.inputs, rows.parts), width);
  const int workers = workers_for(rows.parts * columns, s.work(tiles));
  const Scratch<T> sums(workers * s.positions * step);
  for (int64_t round = 0; round < rounds.parts; ++round) {
    transform_round<T>(s, rounds.begin(round) * unit, rounds.size(round) * unit, unit, v, d);
    parallel_for(rows.parts * columns, workers, [&](int64_t task, int worker) {
      const int64_t row = task / columns, column = task % columns * width;
      const GradientSquare square{rows.begin(row), rows.size(row), column,
                                  std::min(width, s.outputs - column)};
      const GradientSums<T> mine{sums.data() + worker * s.positions * step, width, step};
      s.add_products(v, d, rounds.size(round) * unit, square, mine, false);
      s.to_kernel(mine, square, accumulate || round > 0, dkernel);
    });
  }
}

// dkernel: from the first of the stages' groups on.
template <class T>
void run(const WinogradGradientStages<T>& s, bool accumulate, T* dkernel) {
  if (s.positions * s.inputs * padded_columns(s.gemm, s.outputs) * s.kSize > kWholeBytes)
    return squares(s, accumulate, dkernel);
  s.grid.count <= block_tiles(s) ? one_block(s, accumulate, dkernel) : whole(s, accumulate, dkernel);
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
