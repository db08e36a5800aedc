#include "ops/conv/tap_gemm.h"

#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/tap_panels.h"

namespace foldgate {
namespace {

// The input of a sweep of tiles stays in L2 (1 MB on the smallest machines meant) beside a panel of B while all
// panels pass over it.
constexpr int64_t kSweepBytes = 320 << 10;
// Pointers of a sweep's taps, 128 bytes a tile and tap: beside both in L2.
constexpr int64_t kPointerBytes = 128 << 10;
constexpr int64_t kMaxTaps = 2048;  // a block of taps, so that even one tile's pointers are bounded
// Weights that do not stay in L2: while a tile multiplies, the next ones are fetched.
constexpr int64_t kCachedWeights = 768 << 10;
// Outputs of a sweep that are turned to planes from L2.
constexpr int64_t kPlanarBytes = 256 << 10;
// Tasks where there is work for it, and the most multiply-adds of one: ~10 ms, so that an interrupt is answered.
constexpr int64_t kTasks = 8;
constexpr int64_t kColumnTasks =
    4;  // of a single sweep: the longer a task's stretch of a row of weights, the better
constexpr int64_t kTilesPerTask = 16;
constexpr double kTaskWork = 5e8;

template <class T>
struct WorkerScratch {
  WorkerScratch(int64_t tiles, int64_t taps, int64_t panel, int64_t planar)
      : pixels(tiles),
        outs(tiles * kRowPointers),
        rows(tiles * taps * kRowPointers),
        b(taps),
        panel(panel),
        planar(planar) {}
  Scratch<TilePixels> pixels;
  Scratch<T*> outs;
  Scratch<const T*> rows, b;
  Scratch<T> panel, planar;
};

template <class T>
class TapGemmRun {
 public:
  explicit TapGemmRun(const TapGemm<T>& problem)
      : p_(problem),
        kernel_(kernels<T>()),
        panels_(problem, kernel_.gemm),
        pixels_(p_.batch * plane()),
        tiles_(pixels_, panels_.tile_rows()) {}

  void run() {
    if (pixels_ == 0) return;
    cut();
    const int workers = workers_for(row_tasks_ * column_tasks_, work());
    const Scratch<T> zero(p_.groups * p_.length);
    zero.zero();
    zero_ = zero.data();
    fill_shifts();
    int64_t block_size = 0;
    if (row_tasks_ > 1 || panels_.kept())
      panels_.pack_all(workers);
    else
      block_size = panels_.pack_blocks(ceil_div(panels_.count(), column_tasks_));
    if (block_size > 0 && workers == 1 && p_.column_step == 1 && work() <= kTaskWork) {
      // Whole rows of the kernel are one stream that nothing need fetch. Which columns a task has changes no sum.
      block_size *= column_tasks_;
      column_tasks_ = 1;
      fetches_ = false;
    }
    std::vector<WorkerScratch<T>> scratch;
    scratch.reserve(static_cast<size_t>(workers));
    for (int i = 0; i < workers; ++i)
      scratch.emplace_back(sweep_tiles_, std::min(taps(), tap_block_), block_size, planar_size());
    parallel_for(row_tasks_ * column_tasks_, workers, [&](int64_t task, int worker) {
      sweep(task / column_tasks_, task % column_tasks_, scratch[static_cast<size_t>(worker)]);
    });
  }

 private:
  int64_t plane() const { return p_.grid[0] * p_.grid[1] * p_.grid[2]; }
  int64_t taps() const { return static_cast<int64_t>(p_.taps.size()); }
  int64_t all_columns() const { return p_.groups * p_.columns; }
  double work() const {
    return static_cast<double>(pixels_) * static_cast<double>(taps() * p_.length) *
           static_cast<double>(all_columns());
  }
  int64_t planar_size() const { return p_.planar ? sweep_tiles_ * panels_.tile_rows() * all_columns() : 0; }

  // By shape alone: sweeps that fit the caches; enough tasks for a few threads, of rows where each has several tiles,
  // of columns otherwise; none that runs long.
  void cut() {
    const int64_t height = panels_.tile_rows(), parts = tiles_.parts;
    const int64_t pixel_bytes =
        std::max<int64_t>(1, p_.groups * p_.length * p_.step[0] * p_.step[1] * p_.step[2]) *
        static_cast<int64_t>(sizeof(T));
    tap_block_ = std::min(std::max<int64_t>(1, taps()), kMaxTaps);
    int64_t largest =
        std::min(kSweepBytes / pixel_bytes / height,
                 kPointerBytes / (tap_block_ * kRowPointers * static_cast<int64_t>(sizeof(T*))));
    if (p_.planar)
      largest = std::min(largest, kPlanarBytes / (all_columns() * static_cast<int64_t>(sizeof(T))) / height);
    row_tasks_ = ceil_div(parts, std::max<int64_t>(1, largest));
    row_tasks_ = std::max(row_tasks_, std::min(parts / kTilesPerTask, kTasks));
    row_tasks_ = std::min(parts, std::max(row_tasks_, static_cast<int64_t>(work() / kTaskWork)));
    sweep_tiles_ = ceil_div(parts, row_tasks_);
    const int64_t by_work = static_cast<int64_t>(work() / kTaskWork) / row_tasks_;
    column_tasks_ = std::min(
        panels_.count(), std::max(by_work, ceil_div(row_tasks_ == 1 ? kColumnTasks : kTasks, row_tasks_)));
    column_tasks_ =
        ceil_div(panels_.count(), panels_.count() / column_tasks_);  // none of twice as many panels
    if (row_tasks_ >= kTasks && by_work <= 1) column_tasks_ = 1;
    fetches_ = taps() * p_.length * all_columns() > kCachedWeights / static_cast<int64_t>(sizeof(T));
  }

  void fill_shifts() {
    for (const Tap& tap : p_.taps) {
      TapShift shift{};
      int64_t elements = 0;
      for (int i = 0; i < kMaxSpatial; ++i) {
        shift.axis[i] = tap.shift[i];
        elements += tap.shift[i] * p_.in.step[i + 1];
      }
      shift.bytes = elements * static_cast<int64_t>(sizeof(T));
      shifts_.push_back(shift);
    }
  }

  // What one task covers: tiles, panels and the columns that those hold.
  struct Range {
    int64_t first_tile, tiles, first_panel, end_panel, first_column, columns;
  };

  void sweep(int64_t row_task, int64_t column_task, WorkerScratch<T>& scratch) {
    Range range{};
    range.first_tile = tiles_.parts * row_task / row_tasks_;
    range.tiles = tiles_.parts * (row_task + 1) / row_tasks_ - range.first_tile;
    range.first_panel = panels_.count() * column_task / column_tasks_;
    range.end_panel = panels_.count() * (column_task + 1) / column_tasks_;
    range.first_column = panels_.column(range.first_panel);
    range.columns = panels_.column(range.end_panel) - range.first_column;
    place_pixels(range, scratch);
    int64_t tap = 0;
    do {
      const int64_t count = std::min(tap_block_, taps() - tap);
      for (int64_t i = 0; i < range.tiles; ++i) place_taps(scratch, i, tap, count);
      panels_.for_each_block(tap, count, [&](const TapBlock& block, const TapBlock& next) {
        multiply(range, block, next, tap, scratch);
      });
      tap += count;
    } while (tap < taps());
    finish(range, scratch);
  }

  // Positions and outputs of every pixel of the sweep.
  void place_pixels(const Range& range, WorkerScratch<T>& scratch) {
    const int64_t begin = tiles_.begin(range.first_tile);
    int64_t n = begin / plane(), at[kMaxSpatial], left = begin % plane();
    at[0] = left / (p_.grid[1] * p_.grid[2]);
    at[1] = left / p_.grid[2] % p_.grid[1];
    at[2] = left % p_.grid[2];
    for (int64_t tile = 0; tile < range.tiles; ++tile) {
      TilePixels& pixels = scratch.pixels[tile];
      const int64_t height = tiles_.size(range.first_tile + tile),
                    first = tiles_.begin(range.first_tile + tile);
      for (int64_t i = 0; i < kRowPointers; ++i) {
        if (i < height) {
          place_pixel(n, at, pixels, i);
          scratch.outs[tile * kRowPointers + i] =
              p_.planar ? scratch.planar.data() + (first + i - begin) * range.columns : output(n, at);
          advance(n, at);
        } else {  // never read, but defined
          for (auto& axis : pixels.position) axis[i] = 0;
          pixels.address[i] = reinterpret_cast<int64_t>(p_.in.data);
        }
      }
    }
  }

  void place_pixel(int64_t n, const int64_t (&at)[kMaxSpatial], TilePixels& pixels, int64_t i) const {
    int64_t elements = n * p_.in.step[0];
    for (int axis = 0; axis < kMaxSpatial; ++axis) {
      pixels.position[axis][i] = at[axis] * p_.step[axis];
      elements += at[axis] * p_.step[axis] * p_.in.step[axis + 1];
    }
    pixels.address[i] = reinterpret_cast<int64_t>(p_.in.data) + elements * static_cast<int64_t>(sizeof(T));
  }
  T* output(int64_t n, const int64_t (&at)[kMaxSpatial]) const {
    return p_.out + n * p_.out_step[0] + at[0] * p_.out_step[1] + at[1] * p_.out_step[2] +
           at[2] * p_.out_step[3];
  }
  void advance(int64_t& n, int64_t (&at)[kMaxSpatial]) const {
    if (++at[2] < p_.grid[2]) return;
    at[2] = 0;
    if (++at[1] < p_.grid[1]) return;
    at[1] = 0;
    if (++at[0] < p_.grid[0]) return;
    at[0] = 0;
    ++n;
  }

  void place_taps(WorkerScratch<T>& scratch, int64_t tile, int64_t tap, int64_t count) {
    const T** rows = scratch.rows.data() + tile * std::min(taps(), tap_block_) * kRowPointers;
    if (p_.inside)
      kernel_.conv.inner_pointers(scratch.pixels[tile], shifts_.data() + tap, count, rows);
    else
      kernel_.conv.tap_pointers(scratch.pixels[tile], shifts_.data() + tap, count, p_.in.extent, zero_, rows);
  }

  // All panels of the range over all tiles of the sweep, for one block of the inner dimension.
  void multiply(const Range& range, const TapBlock& block, const TapBlock& next, int64_t pointers_from,
                WorkerScratch<T>& scratch) {
    panels_.load(block, range.first_panel, range.end_panel, scratch.panel.data());
    Tile<T> tile;
    tile.segments = block.taps;
    tile.length = block.length;
    tile.b = scratch.b.data();
    const int64_t row_step = std::min(taps(), tap_block_) * kRowPointers;
    const int64_t skip = (block.tap - pointers_from) * kRowPointers;
    for (int64_t q = range.first_panel; q < range.end_panel; ++q) {
      const TapPanel panel = panels_.panel(q);
      tile.b_step =
          panels_.place(q, block, range.first_panel, range.end_panel, scratch.panel.data(), scratch.b.data());
      tile.a_offset = panel.group * p_.length + block.k;
      tile.c_offset = panels_.column(q) - (p_.planar ? range.first_column : 0);
      tile.columns = static_cast<int>(panel.columns);
      const Epilogue<T> epilogue{block.last && p_.bias ? p_.bias + panels_.column(q) : nullptr, !block.first,
                                 block.last ? rectifier(p_.activation) : kNoRectifier};
      for (int64_t i = 0; i < range.tiles; ++i) {
        tile.a = scratch.rows.data() + i * row_step + skip;
        tile.c = scratch.outs.data() + i * kRowPointers;
        const int height = static_cast<int>(tiles_.size(range.first_tile + i));
        if (fetches_)
          panels_.fetch_next(q, range.first_panel, range.end_panel, block, next, {i, range.tiles}, tile);
        const int width = panels_.dots() ? tile.columns : static_cast<int>(panel.width / kernel_.gemm.lanes);
        (panels_.dots() ? kernel_.gemm.dots : kernel_.gemm.rows)(height, width, tile, epilogue);
      }
    }
  }

  // The activation while the sweep is in cache, and its way to planes.
  void finish(const Range& range, WorkerScratch<T>& scratch) {
    const int64_t begin = tiles_.begin(range.first_tile), end = tiles_.begin(range.first_tile + range.tiles);
    if (is_curve(p_.activation)) {
      const int64_t values = (end - begin) * range.columns;
      T* const first = scratch.outs[0] + range.first_column;
      const T* const last =
          scratch
              .outs[(range.tiles - 1) * kRowPointers + tiles_.size(range.first_tile + range.tiles - 1) - 1];
      if (p_.planar || last + range.first_column - first == values - range.columns)  // one stretch
        kernel_.activation.forward(p_.activation, p_.planar ? scratch.planar.data() : first, values);
      else
        for (int64_t tile = 0; tile < range.tiles; ++tile)
          for (int64_t i = 0; i < tiles_.size(range.first_tile + tile); ++i)
            kernel_.activation.forward(
                p_.activation, scratch.outs[tile * kRowPointers + i] + range.first_column, range.columns);
    }
    if (!p_.planar) return;
    const T* source = scratch.planar.data();
    for (int64_t pixel = begin, count; pixel < end; pixel += count, source += count * range.columns) {
      const int64_t n = pixel / plane(), within = pixel % plane();
      count = std::min(end - pixel, plane() - within);
      kernel_.gemm.transpose(source, range.columns, count, range.columns,
                             p_.out + (n * all_columns() + range.first_column) * plane() + within, plane());
    }
  }

  const TapGemm<T>& p_;
  const Kernels<T>& kernel_;
  TapPanels<T> panels_;
  int64_t pixels_;
  EvenSplit tiles_;
  int64_t row_tasks_ = 1, column_tasks_ = 1, sweep_tiles_ = 1, tap_block_ = 1;
  bool fetches_ = false;
  std::vector<TapShift> shifts_;
  const T* zero_ = nullptr;
};

}  // namespace

template <class T>
void tap_gemm(const TapGemm<T>& problem) {
  TapGemmRun<T>(problem).run();
}

template <class T>
PackedWeights<T> tap_gemm_pack(const TapGemm<T>& problem) {
  TapPanels<T> panels(problem, kernels<T>().gemm);
  panels.pack_all(get_num_threads());
  return panels.take();
}

template <class T>
WeightForm tap_gemm_form(const TapGemm<T>& problem) {
  return TapPanels<T>(problem, kernels<T>().gemm).form();
}

#define FOLDGATE_INSTANTIATE(T)                               \
  template void tap_gemm(const TapGemm<T>&);                  \
  template PackedWeights<T> tap_gemm_pack(const TapGemm<T>&); \
  template WeightForm tap_gemm_form(const TapGemm<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
