#include "ops/conv/winograd_stages.h"

namespace foldgate {
namespace {

// Weights beyond L2 that few tiles meet are transformed where they are used, a stretch of channels at a time: written to
// L2, and read there by all tiles.
constexpr int64_t kChunkBytes = 384 << 10;
constexpr int64_t kColumnBytes = 1 << 20;  // M of a panel, all tiles of it
constexpr int64_t kColumnTasks = 4;
constexpr int64_t kInputTasks = 8;

template <class T>
void transform_all_input(const WinogradStages<T>& s, const PositionMatrices<T>& v) {
  const int64_t most = ceil_div(s.grid.count, kInputTasks);
  const int64_t unit = tiles_together(s.grid, s.p.in.planar, most);
  const EvenSplit tiles(s.grid.count / unit, ceil_div(most, unit));
  const double work = static_cast<double>(s.grid.count * s.positions) * static_cast<double>(s.k);
  const int workers = workers_for(tiles.parts, 4 * work);
  const Scratch<T> windows(workers * s.window_size());
  parallel_for(tiles.parts, workers, [&](int64_t task, int worker) {
    const int64_t first = tiles.begin(task) * unit;
    s.transform_input(first, tiles.size(task) * unit, v.part(first, 0),
                      windows.data() + worker * s.window_size());
  });
}

// All tiles of the panel at `column`. Behind M: a row for what lies outside the image, a window, room to pack weights.
template <class T>
void one_panel(const WinogradStages<T>& s, const PositionMatrices<T>& v, int64_t column,
               const EvenSplit& chunks, T* u, int64_t u_step, const PositionMatrices<T>& m) {
  const int64_t columns = std::min(s.shape.width, s.n - column);
  T *outside = m.data + s.positions * m.step, *window = outside + s.shape.width,
    *packed = window + s.window_size();
  for (int64_t chunk = 0; chunk < chunks.parts; ++chunk) {
    const int64_t k = chunks.begin(chunk), depth = chunks.size(chunk);
    s.transform_weights(k, depth, column, u, u_step, packed);
    s.multiply(v.part(0, k), s.grid.count, {u, depth, u_step}, columns, m, chunk > 0);
  }
  s.transform_output(0, s.grid.count, column, columns, m, outside, window);
}

// With weights that are there: they pass once, from L3.
template <class T>
void by_kept_columns(const WinogradStages<T>& s, const PositionMatrices<T>& v,
                     const PositionMatrices<T>& m_shape) {
  const int64_t tasks = ceil_div(s.n, s.shape.width),
                own = s.positions * m_shape.step + s.shape.width + s.window_size();
  const int workers = workers_for(tasks, s.work(s.grid.count));
  const Scratch<T> scratch(workers * own);
  parallel_for(tasks, workers, [&](int64_t task, int worker) {
    const int64_t column = task * s.shape.width, columns = std::min(s.shape.width, s.n - column);
    const auto m = m_shape.at(scratch.data() + worker * own);
    s.multiply(v, s.grid.count, s.kept(column), columns, m, false);
    T* outside = m.data + s.positions * m.step;
    s.transform_output(0, s.grid.count, column, columns, m, outside, outside + s.shape.width);
  });
}

template <class T>
void by_new_columns(const WinogradStages<T>& s, const PositionMatrices<T>& v,
                    const PositionMatrices<T>& m_shape) {
  constexpr int64_t kSize = WinogradStages<T>::kSize;
  const EvenSplit chunks(s.k, std::max(kLeastDepth, kChunkBytes / (s.positions * s.shape.width * kSize)));
  const int64_t depth = ceil_div(s.k, chunks.parts), tasks = ceil_div(s.n, s.shape.width);
  const int64_t u_step = WinogradStages<T>::weights_step(depth, s.shape.width);
  const int64_t own =
      s.positions * (u_step + m_shape.step) + s.packed_size(depth) + s.shape.width + s.window_size();
  const int workers = workers_for(tasks, s.work(s.grid.count));
  const Scratch<T> scratch(workers * own);
  parallel_for(tasks, workers, [&](int64_t task, int worker) {
    T* u = scratch.data() + worker * own;
    one_panel(s, v, task * s.shape.width, chunks, u, u_step, m_shape.at(u + s.positions * u_step));
  });
}

}  // namespace

template <class T>
bool winograd_columns_pay(const WinogradStages<T>& s) {
  const int64_t column_bytes = s.positions * s.grid.count * s.shape.width * WinogradStages<T>::kSize;
  return s.weights_bytes() > kCachedWeights && column_bytes <= kColumnBytes;
}

template <class T>
void winograd_by_columns(WinogradStages<T>& s) {
  if (!s.p.packed && ceil_div(s.n, s.shape.width) < kColumnTasks && s.shape.width > 2 * s.gemm.lanes)
    s.shape = {2 * int64_t{s.gemm.lanes}, s.gemm.tile_heights[1]};
  const auto v_shape = PositionMatrices<T>::shape(s.grid.count, s.k),
             m_shape = PositionMatrices<T>::shape(s.grid.count, s.shape.width);
  const Scratch<T> transformed(s.positions * v_shape.step);
  const auto v = v_shape.at(transformed.data());
  transform_all_input(s, v);
  s.p.packed ? by_kept_columns(s, v, m_shape) : by_new_columns(s, v, m_shape);
}

#define FOLDGATE_INSTANTIATE(T)                                 \
  template bool winograd_columns_pay(const WinogradStages<T>&); \
  template void winograd_by_columns(WinogradStages<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
