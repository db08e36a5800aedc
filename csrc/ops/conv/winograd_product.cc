#include "ops/conv/winograd_product.h"

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/winograd_planes.h"

namespace foldgate {
namespace {

// V and M of a block of tiles stay in L2 beside what passes of U. A U beyond L2 comes from L3 once a block, which must
// then be large: its V and M go through L3 as well.
constexpr int64_t kBlockBytes = 336 << 10;
constexpr int64_t kLeastBlock = 24;
constexpr int64_t kLargeBlock = 48;
constexpr int64_t kCachedWeights = 1 << 20;
// Weights beyond L2 that few tiles meet are transformed where they are used, a stretch of channels at a time: written to
// L2, and read there by all tiles. Not less than kLeastDepth channels, since a pass adds to M, which stays in L2 too.
constexpr int64_t kChunkBytes = 384 << 10;
constexpr int64_t kLeastDepth = 64;
constexpr int64_t kColumnBytes = 1 << 20;
constexpr int64_t kColumnTasks = 4;
constexpr int64_t kInputTasks = 8;

template <class T>
class WinogradRun {
 public:
  WinogradRun(const WinogradProduct<T>& product, const WinogradKernels<T>& winograd)
      : p_(product),
        kernels_(kernels<T>()),
        gemm_(kernels_.gemm),
        winograd_(winograd),
        positions_(winograd_.edge * winograd_.edge),
        grid_(p_.batch, p_.out.height, p_.out.width, winograd_.outputs),
        k_(p_.in.channels),
        n_(p_.out.channels),
        shape_(panel_shape(gemm_, n_)),
        seen_(grid_, winograd_.edge),
        written_(grid_, winograd_.outputs),
        zero_(k_) {
    zero_.zero();
  }

  Scratch<T> pack() {  // all of U
    const int64_t columns = padded_columns(gemm_, n_);
    Scratch<T> transformed(positions_ * weights_step(k_, columns));
    transform_all_weights(transformed.data(), weights_step(k_, columns));
    return transformed;
  }

  void run() {
    const int64_t column_bytes = positions_ * grid_.count * shape_.width * kSize;  // M of a panel
    return weights_bytes() > kCachedWeights && column_bytes <= kColumnBytes ? by_columns() : by_tiles();
  }

 private:
  static constexpr int64_t kSize = static_cast<int64_t>(sizeof(T));

  int64_t weights_bytes() const { return positions_ * k_ * padded_columns(gemm_, n_) * kSize; }
  double work(int64_t tiles) const {
    return static_cast<double>(tiles * positions_) * static_cast<double>(k_) * static_cast<double>(n_);
  }

  // Of a worker's scratch: where planar images are turned.
  int64_t window_size() const {
    return std::max(p_.in.planar ? seen_.size() : 0, p_.out.planar ? written_.size() : 0);
  }

  using Weights = PositionWeights<T>;
  static int64_t weights_step(int64_t depth, int64_t columns) { return depth * columns + kLineBytes / kSize; }
  Weights kept(int64_t column) const {
    return {p_.packed->data.data() + column * k_, k_, weights_step(k_, padded_columns(gemm_, n_))};
  }

  // Many tiles: all weights are transformed first, and blocks of tiles pass over them.
  void by_tiles() {
    const int64_t columns = padded_columns(gemm_, n_);
    const Scratch<T> transformed = p_.packed ? Scratch<T>() : pack();
    const Weights u = p_.packed ? kept(0) : Weights{transformed.data(), k_, weights_step(k_, columns)};
    const int64_t by_cache = kBlockBytes / (positions_ * (k_ + columns) * kSize);
    const int64_t least = weights_bytes() > kCachedWeights ? kLargeBlock : kLeastBlock;
    const int64_t most = std::max(least, by_cache);
    // whole rows of tiles turn whole rows of planes
    const int64_t unit = p_.in.planar && grid_.columns <= most ? grid_.columns : 1;
    const EvenSplit blocks(grid_.count / unit, (most + unit / 2) / unit);
    const int64_t block = ceil_div(blocks.total, blocks.parts) * unit;
    const auto v = PositionMatrices<T>::shape(block, k_), m = PositionMatrices<T>::shape(block, columns);
    const int64_t own = positions_ * (v.step + m.step) + columns + window_size();
    const int workers = workers_for(blocks.parts, work(grid_.count));
    const Scratch<T> scratch(workers * own);
    parallel_for(blocks.parts, workers, [&](int64_t task, int worker) {
      const auto mine = v.at(scratch.data() + worker * own), sums = m.at(mine.data + positions_ * v.step);
      const int64_t first = blocks.begin(task) * unit, count = blocks.size(task) * unit;
      T *outside = sums.data + positions_ * m.step, *window = outside + columns;
      transform_input(first, count, mine, window);
      multiply(mine, count, u, n_, sums, false);
      transform_output(first, count, 0, n_, sums, outside, window);
    });
  }

  void transform_all_weights(T* u, int64_t step) {
    const EvenSplit chunks(k_, kLeastDepth);
    const int64_t panels = ceil_div(n_, shape_.width), tasks = panels * chunks.parts;
    const int workers = workers_for(tasks, work(1));
    const Scratch<T> packed(workers * packed_size(ceil_div(k_, chunks.parts)));
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      const int64_t column = task / chunks.parts * shape_.width, k = chunks.begin(task % chunks.parts);
      T* target = u + column * k_ + k * panel_width(gemm_, shape_, n_ - column);
      transform_weights(k, chunks.size(task % chunks.parts), column, target, step,
                        packed.data() + worker * (packed.size() / workers));
    });
  }

  // Few tiles: a panel's weights are transformed where it is used, and never leave the cache.
  void by_columns() {
    if (p_.packed) return by_kept_columns();
    if (ceil_div(n_, shape_.width) < kColumnTasks && shape_.width > 2 * gemm_.lanes)
      shape_ = {2 * int64_t{gemm_.lanes}, gemm_.tile_heights[1]};
    const EvenSplit chunks(k_, std::max(kLeastDepth, kChunkBytes / (positions_ * shape_.width * kSize)));
    const int64_t depth = ceil_div(k_, chunks.parts);
    const auto v_shape = PositionMatrices<T>::shape(grid_.count, k_),
               m_shape = PositionMatrices<T>::shape(grid_.count, shape_.width);
    const Scratch<T> transformed(positions_ * v_shape.step);
    const auto v = v_shape.at(transformed.data());
    transform_all_input(v);
    const int64_t tasks = ceil_div(n_, shape_.width), u_step = weights_step(depth, shape_.width);
    const int64_t own =
        positions_ * (u_step + m_shape.step) + packed_size(depth) + shape_.width + window_size();
    const int workers = workers_for(tasks, work(grid_.count));
    const Scratch<T> scratch(workers * own);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      T* u = scratch.data() + worker * own;
      one_panel(v, task * shape_.width, chunks, u, u_step, m_shape.at(u + positions_ * u_step));
    });
  }

  // The same with weights that are there: they pass once, from L3.
  void by_kept_columns() {
    const auto v_shape = PositionMatrices<T>::shape(grid_.count, k_),
               m_shape = PositionMatrices<T>::shape(grid_.count, shape_.width);
    const Scratch<T> transformed(positions_ * v_shape.step);
    const auto v = v_shape.at(transformed.data());
    transform_all_input(v);
    const int64_t tasks = ceil_div(n_, shape_.width),
                  own = positions_ * m_shape.step + shape_.width + window_size();
    const int workers = workers_for(tasks, work(grid_.count));
    const Scratch<T> scratch(workers * own);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      const int64_t column = task * shape_.width, columns = std::min(shape_.width, n_ - column);
      const auto m = m_shape.at(scratch.data() + worker * own);
      multiply(v, grid_.count, kept(column), columns, m, false);
      T* outside = m.data + positions_ * m.step;
      transform_output(0, grid_.count, column, columns, m, outside, outside + shape_.width);
    });
  }

  // All tiles of the panel at `column`. Behind M: a row for what lies outside the image, a window, room to pack weights.
  void one_panel(const PositionMatrices<T>& v, int64_t column, const EvenSplit& chunks, T* u, int64_t u_step,
                 const PositionMatrices<T>& m) const {
    const int64_t columns = std::min(shape_.width, n_ - column);
    T *outside = m.data + positions_ * m.step, *window = outside + shape_.width,
      *packed = window + window_size();
    for (int64_t chunk = 0; chunk < chunks.parts; ++chunk) {
      const int64_t k = chunks.begin(chunk), depth = chunks.size(chunk);
      transform_weights(k, depth, column, u, u_step, packed);
      multiply(v.part(0, k), grid_.count, {u, depth, u_step}, columns, m, chunk > 0);
    }
    transform_output(0, grid_.count, column, columns, m, outside, window);
  }

  void transform_all_input(const PositionMatrices<T>& v) const {
    const EvenSplit tiles(grid_.count, ceil_div(grid_.count, kInputTasks));
    const double work = static_cast<double>(grid_.count * positions_) * static_cast<double>(k_);
    const int workers = workers_for(tiles.parts, 4 * work);
    const Scratch<T> windows(workers * window_size());
    parallel_for(tiles.parts, workers, [&](int64_t task, int worker) {
      transform_input(tiles.begin(task), tiles.size(task), v.part(tiles.begin(task), 0),
                      windows.data() + worker * window_size());
    });
  }

  void transform_input(int64_t first, int64_t count, const PositionMatrices<T>& v, T* window) const {
    if (p_.in.planar)
      return seen_.transform(winograd_.input, p_.in, first, count, p_.before, zero_.data(), window, v);
    transform_tiles(winograd_.input, p_.in, grid_, first, count, p_.before, winograd_.edge,
                    static_cast<const T*>(zero_.data()), v);
  }

  // Taps whose columns are not contiguous are turned first, a panel and a stretch of channels at a time.
  int64_t packed_size(int64_t depth) const { return p_.taps.column_step == 1 ? 0 : 9 * depth * shape_.width; }
  // Channels [k, k + depth) of the panel at `column`: target[position][depth][width].
  void transform_weights(int64_t k, int64_t depth, int64_t column, T* target, int64_t step, T* packed) const {
    const int64_t width = panel_width(gemm_, shape_, n_ - column), columns = std::min(width, n_ - column);
    const T* taps = p_.taps.data + k * p_.taps.k_step + column * p_.taps.column_step;
    if (p_.taps.column_step == 1)
      return winograd_.weights(taps, p_.taps.tap_step, p_.taps.k_step, depth, columns, target, width, step);
    for (int64_t t = 0; t < 9; ++t)
      gemm_.pack_panels(taps + t * p_.taps.tap_step, p_.taps.k_step, p_.taps.column_step, depth, columns,
                        width, packed + t * depth * width);
    winograd_.weights(packed, depth * width, width, depth, width, target, width, step);
  }

  // M = V U, or M += V U, for `count` tiles.
  void multiply(const PositionMatrices<T>& v, int64_t count, const Weights& u, int64_t columns,
                const PositionMatrices<T>& m, bool accumulate) const {
    const EvenSplit tiles(count, shape_.rows);
    const Epilogue<T> epilogue{nullptr, accumulate};
    const bool fetches = p_.packed && weights_bytes() > kCachedWeights;
    const T *a[kRowPointers], *b;
    T* c[kRowPointers];
    Tile<T> tile;
    tile.length = u.depth;
    tile.fetch_step = kLineBytes / kSize;
    tile.a = a;
    tile.b = &b;
    tile.c = c;
    for (int64_t position = 0; position < positions_; ++position)
      for (int64_t column = 0; column < columns; column += shape_.width) {
        tile.b_step = panel_width(gemm_, shape_, columns - column);
        tile.columns = static_cast<int>(tile.b_step);  // M has room for whole vectors, and U zeros
        b = u.panel(position, column);
        for (int64_t part = 0; part < tiles.parts; ++part) {
          const int64_t first = tiles.begin(part), height = tiles.size(part);
          if (fetches) {  // what comes next: the panel beside it, or the first one of the next position
            const int64_t right = column + shape_.width;
            tile.fetch = (right < columns ? u.panel(position, right) : u.panel(position + 1, 0)) +
                         u.depth * tile.b_step / tile.fetch_step * part / tiles.parts * tile.fetch_step;
          }
          for (int64_t i = 0; i < height; ++i) {
            a[i] = v.data + position * v.step + (first + i) * v.row_step;
            c[i] = m.data + position * m.step + (first + i) * m.row_step + column;
          }
          gemm_.rows(static_cast<int>(height), static_cast<int>(tile.b_step / gemm_.lanes), tile, epilogue);
        }
      }
  }

  // Columns [column, column + columns) of out; `outside` takes what lies beyond the image.
  void transform_output(int64_t first, int64_t count, int64_t column, int64_t columns,
                        const PositionMatrices<T>& m, T* outside, T* window) const {
    const int64_t outputs = winograd_.outputs * winograd_.outputs;
    const T limit = relu_limit<T>(p_.activation);
    const bool curved = is_curve(p_.activation);
    const T* bias = p_.bias ? p_.bias + column : nullptr;
    if (p_.pooled)
      return pool_tiles(*p_.pooled, winograd_, grid_, {first, count, column, columns, n_}, m, bias, limit,
                        outside);
    if (p_.out.planar)
      return written_.store(
          p_.out, first, count, column, columns, outside, window,
          [&](int64_t i, int64_t c, int64_t channels, T* const* pixels) {
            winograd_.output(m.data + i * m.row_step + c, m.step, channels, bias ? bias + c : nullptr, limit,
                             pixels);
          },
          [&](T* values, int64_t n) {
            if (curved) kernels_.activation.forward(p_.activation, values, n);
          });
    T* pixels[kMaxWinogradEdge * kMaxWinogradEdge];
    Planes<T> out = p_.out;
    out.data += column;
    for (int64_t i = 0; i < count; ++i) {
      tile_pixels(out, grid_.at(first + i), winograd_.outputs, outside, pixels);
      winograd_.output(m.data + i * m.row_step, m.step, columns, bias, limit, pixels);
      for (int64_t j = 0; curved && j < outputs; ++j)
        if (pixels[j] != outside) kernels_.activation.forward(p_.activation, pixels[j], columns);
    }
  }

  const WinogradProduct<T>& p_;
  const Kernels<T>& kernels_;
  const GemmKernels<T>& gemm_;
  const WinogradKernels<T>& winograd_;
  int64_t positions_;
  TileGrid grid_;
  int64_t k_, n_;
  PanelShape shape_;
  PlaneWindows<T> seen_, written_;
  Scratch<T> zero_;
};

}  // namespace

template <class T>
void winograd_product(const WinogradProduct<T>& p) {
  const Kernels<T>& table = kernels<T>();
  WinogradRun<T>(p, p.packed ? winograd_of(table, p.packed->form)
                             : winograd_of(table, p.batch, p.out.height, p.out.width))
      .run();
}

template <class T>
PackedWeights<T> winograd_pack(const WinogradProduct<T>& product, const WeightForm& form) {
  return {form, WinogradRun<T>(product, winograd_of(kernels<T>(), form)).pack()};
}

template void winograd_product(const WinogradProduct<float>&);
template void winograd_product(const WinogradProduct<double>&);
template PackedWeights<float> winograd_pack(const WinogradProduct<float>&, const WeightForm&);
template PackedWeights<double> winograd_pack(const WinogradProduct<double>&, const WeightForm&);

}  // namespace foldgate
