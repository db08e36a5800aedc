#include "ops/conv/own_operand.h"
#include "ops/conv/winograd_stages.h"

namespace foldgate {
namespace {

// Weights beyond L2 that few tiles meet are transformed where they are used, a stretch of channels at a time: written to
// L2, and read there by all tiles.
constexpr int64_t kChunkBytes = 384 << 10;
constexpr int64_t kColumnBytes = 1 << 20;  // M of a panel, all tiles of it
constexpr int64_t kColumnTasks = 4;
constexpr int64_t kInputTasks = 8;
// Kept weights are only read: so many tiles are shared in halves, each with V and M of its own, where panels would all read a V
// that others wrote. 49 tiles of 128 x 128 channels: .87 of the time on two cores of a chip, .47 on two chips, .98 on one.
constexpr int64_t kKeptTiles = 40;

// V of all tiles: one that stays in L2 is each worker's own, a larger one is shared.
constexpr int64_t kOwnInput = 1 << 20;

template <class T>
void transform_all_input(const WinogradStages<T>& s, const PositionMatrices<T>& v) {
  const int64_t most = ceil_div(s.grid.count, kInputTasks);
  const TileBlock all = s.whole();
  const int64_t unit = tiles_together(s.grid, s.p.in.planar, most);
  const EvenSplit tiles(s.grid.count / unit, ceil_div(most, unit));
  const double work = static_cast<double>(s.tiles() * s.positions) * static_cast<double>(s.k);
  const int workers = workers_for(tiles.parts, kValueWork * work);
  const Scratch<T> windows(workers * s.window_size());
  parallel_for(tiles.parts, workers, [&](int64_t task, int worker) {
    s.transform_input(all, tiles.begin(task) * unit, tiles.size(task) * unit, v,
                      windows.data() + worker * s.window_size());
  });
}

// Tasks: a panel of columns each, of all tiles or of one of the shares of them.
struct ColumnTasks {
  EvenSplit tiles;      // whole units
  int64_t unit, width;  // tiles that stay together; columns of a panel
  int64_t panels, planes;

  int64_t count() const { return tiles.parts * panels; }
  int64_t share(int64_t task) const { return task / panels; }  // the panels of one share follow each other
  int64_t column(int64_t task) const { return task % panels * width; }
  TileBlock block(int64_t share) const {
    return {tiles.begin(share) * unit, tiles.size(share) * unit, 0, planes};
  }
  TileBlock largest() const { return block(tiles.parts - 1); }
};

// Two threads whose shares of the panels are uneven, one panel being the most so, share the tiles instead: each then
// transforms all weights.
constexpr int64_t kLeastShare = 6;  // tiles
template <class T>
ColumnTasks column_tasks(const WinogradStages<T>& s) {
  const int64_t unit = tiles_together(s.grid, s.p.in.planar, s.grid.count), units = s.grid.count / unit,
                width = s.shape.width, panels = ceil_div(s.n, width);
  const int64_t busier = std::min(s.n, ceil_div(panels, 2) * width);
  const bool uneven = 10 * busier > 6 * s.n && s.grid.count >= (panels == 1 ? 2 : 3) * kLeastShare;
  const bool shares = uneven && s.flat() && get_num_threads() > 1;
  return {EvenSplit(units, shares ? ceil_div(units, 2) : units), unit, width, panels, s.p.out.depth};
}

// V of a share of the tiles: one that stays in L2 is each worker's own, a larger one is shared.
template <class T>
class AllInput {
 public:
  AllInput(const WinogradStages<T>& stages, const ColumnTasks& tasks, int workers)
      : s_(stages),
        tasks_(tasks),
        shape_(s_.v_shape(s_.whole())),
        part_(s_.v_shape(tasks.largest())),
        own_(size(part_) * WinogradStages<T>::kSize <= kOwnInput),
        mine_(own_ ? workers * tasks.tiles.parts : 0, size(part_)),
        shared_(own_ ? 0 : size(shape_)) {
    if (!own_) transform_all_input(s_, shape_.at(shared_.data()));
  }

  // The worker's; `window` is scratch of window_size().
  PositionMatrices<T> of(int64_t share, int worker, T* window) const {
    const TileBlock block = tasks_.block(share);
    if (!own_) return shape_.at(shared_.data()).part(block.tile, 0);
    return part_.at(mine_.of(static_cast<int>(worker * tasks_.tiles.parts + share),
                             [&](T* v) { s_.transform_input(block, 0, block.tiles, part_.at(v), window); }));
  }

 private:
  int64_t size(const PositionMatrices<T>& v) const { return s_.positions * v.step; }

  const WinogradStages<T>& s_;
  const ColumnTasks& tasks_;
  PositionMatrices<T> shape_, part_;
  bool own_;
  OwnOperand<T> mine_;
  Scratch<T> shared_;
};

// With weights that are there: they pass once, from L3.
template <class T>
void by_kept_columns(const WinogradStages<T>& s, const ColumnTasks& tasks,
                     const PositionMatrices<T>& m_shape) {
  const int64_t own = s.positions * m_shape.step + s.shape.width + s.window_size();
  const int workers = workers_for(tasks.count(), s.work());
  const AllInput<T> v(s, tasks, workers);
  const Scratch<T> scratch(workers * own);
  parallel_for(tasks.count(), workers, [&](int64_t task, int worker) {
    const int64_t share = tasks.share(task), column = tasks.column(task),
                  columns = std::min(s.shape.width, s.n - column);
    const TileBlock block = tasks.block(share);
    const auto m = m_shape.at(scratch.data() + worker * own);
    T *outside = m.data + s.positions * m.step, *window = outside + s.shape.width;
    s.multiply(block, v.of(share, worker, window), s.kept(0, column), columns, m, false);
    s.transform_output(block, column, columns, m, outside, window);
  });
}

// Behind M: a row for what lies outside the image, a window, room to pack weights.
template <class T>
void by_new_columns(const WinogradStages<T>& s, const ColumnTasks& tasks,
                    const PositionMatrices<T>& m_shape) {
  constexpr int64_t kSize = WinogradStages<T>::kSize;
  const int64_t taps = s.p.depth.taps;
  const EvenSplit chunks(
      s.k, std::max(ceil_div(kLeastDepth, taps), kChunkBytes / (s.positions * taps * s.shape.width * kSize)));
  const int64_t depth = ceil_div(s.k, chunks.parts);
  const int64_t u_step = WinogradStages<T>::weights_step(taps * depth, s.shape.width);
  const int64_t own =
      s.positions * (u_step + m_shape.step) + s.packed_size(depth) + s.shape.width + s.window_size();
  const int workers = workers_for(tasks.count(), s.work());
  const AllInput<T> input(s, tasks, workers);
  const Scratch<T> scratch(workers * own);
  parallel_for(tasks.count(), workers, [&](int64_t task, int worker) {
    const int64_t share = tasks.share(task), column = tasks.column(task),
                  columns = std::min(s.shape.width, s.n - column);
    const TileBlock block = tasks.block(share);
    T* u = scratch.data() + worker * own;
    const PositionMatrices<T> v = input.of(share, worker, u), m = m_shape.at(u + s.positions * u_step);
    T *outside = m.data + s.positions * m.step, *window = outside + s.shape.width,
      *packed = window + s.window_size();
    for (int64_t chunk = 0; chunk < chunks.parts; ++chunk) {
      const int64_t k = chunks.begin(chunk), channels = chunks.size(chunk);
      for (int64_t tap = 0; tap < taps; ++tap)
        s.transform_weights(0, tap * s.k + k, channels, column,
                            u + tap * channels * panel_width(s.gemm, s.shape, s.n - column), u_step, packed);
      s.multiply(block, v.part(0, k), {u, taps * channels, u_step}, columns, m, chunk > 0);
    }
    s.transform_output(block, column, columns, m, outside, window);
  });
}

}  // namespace

template <class T>
bool winograd_columns_pay(const WinogradStages<T>& s) {
  if (s.p.groups > 1 || (s.p.packed && s.tiles() >= kKeptTiles)) return false;
  const int64_t column_bytes = s.positions * s.tiles() * s.shape.width * WinogradStages<T>::kSize;
  return s.weights_bytes() > kCachedWeights && column_bytes <= kColumnBytes;
}

template <class T>
void winograd_by_columns(WinogradStages<T>& s) {
  if (!s.p.packed && ceil_div(s.n, s.shape.width) < kColumnTasks && s.shape.width > 2 * s.gemm.lanes)
    s.shape = {2 * int64_t{s.gemm.lanes}, s.gemm.tile_heights[1]};
  const ColumnTasks tasks = column_tasks(s);
  const auto m_shape = PositionMatrices<T>::shape(tasks.largest().rows(), s.shape.width);
  s.p.packed ? by_kept_columns(s, tasks, m_shape) : by_new_columns(s, tasks, m_shape);
}

#define FOLDGATE_INSTANTIATE(T)                                 \
  template bool winograd_columns_pay(const WinogradStages<T>&); \
  template void winograd_by_columns(WinogradStages<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
