// How a tap GEMM is cut into tasks: sweeps of tiles of pixels, each over panels of columns.
#pragma once
#include <algorithm>

#include "core/check.h"
#include "core/thread_pool.h"
#include "ops/conv/tap_panels.h"
#include "ops/conv/tap_rows.h"

namespace foldgate {

// What one task covers: tiles, panels and the columns that those hold.
struct TapTask {
  int64_t first_tile, tiles, first_panel, end_panel, first_column, columns;
};

// By shape: sweeps that fit the caches; enough tasks for a few threads, of rows where each has several tiles, of columns
// otherwise; none that runs long. No sum runs over pixels: where there are other threads, few are shared as well.
template <class T>
class TapCut {
 public:
  TapCut(const TapGemm<T>& problem, const TapPanels<T>& panels)
      : panels_(panels),
        columns_(problem.groups * problem.columns),
        tiles_(problem.batch * problem.grid[0] * problem.grid[1] * problem.grid[2], panels.tile_rows()) {
    if (tiles_.parts == 0) return;  // no tasks
    const int64_t taps = static_cast<int64_t>(problem.taps.size()), terms = taps * problem.length;
    work_ = static_cast<double>(tiles_.total) * static_cast<double>(terms) * static_cast<double>(columns_);
    tap_block_ = std::clamp<int64_t>(taps, 1, kMaxTaps);
    cut_rows(most_tiles(problem));
    cut_columns(problem.column_step == 1 ? kColumnTasks : panels.count());
    share_tiles();
    fetches_ = terms * columns_ > kCachedWeights / static_cast<int64_t>(sizeof(T));
    selects_ = !panels.dots() && selecting_pays(problem);
  }

  const EvenSplit& tiles() const { return tiles_; }     // of all pixels
  int64_t sweep_tiles() const { return sweep_tiles_; }  // of a task, at most
  int64_t tap_block() const { return tap_block_; }      // taps whose pointers stand at a time, at most
  bool fetches() const { return fetches_; }             // whether tiles fetch the weights of the next
  bool selects() const { return selects_; }             // whether a tap leaves out pixels that it misses
  // Over each of the panels, or two that two threads share.
  bool single_sweep() const { return single_sweep_; }
  int64_t tasks() const { return row_tasks_ * column_tasks_; }
  double work() const { return work_; }

  TapTask task(int64_t index) const {
    // Who takes the next task has its panels in cache.
    const int64_t row = index % row_tasks_, column = index / row_tasks_;
    TapTask t{};
    t.first_tile = tiles_.parts * row / row_tasks_;
    t.tiles = tiles_.parts * (row + 1) / row_tasks_ - t.first_tile;
    t.first_panel = panels_.count() * column / column_tasks_;
    t.end_panel = panels_.count() * (column + 1) / column_tasks_;
    t.first_column = panels_.column(t.first_panel);
    t.columns = panels_.column(t.end_panel) - t.first_column;
    return t;
  }

 private:
  // The input of a sweep of tiles stays in L2 (1 MB on the smallest machines meant) beside a panel of B while all
  // panels pass over it.
  static constexpr int64_t kSweepBytes = 320 << 10;
  // All of it, beside one block of weights: a single sweep packs them while it multiplies.
  static constexpr int64_t kSingleSweepBytes = 448 << 10;
  // Pointers of a sweep's taps, 128 bytes a tile and tap: beside both in L2.
  static constexpr int64_t kPointerBytes = 128 << 10;
  static constexpr int64_t kMaxTaps = 2048;  // a block of taps, so that even one tile's pointers are bounded
  // Weights that do not stay in L2: while a tile multiplies, the next ones are fetched.
  static constexpr int64_t kCachedWeights = 768 << 10;
  // Outputs of a sweep that are turned to planes from L2.
  static constexpr int64_t kPlanarBytes = 256 << 10;
  // Tasks where there is work for it, and the most multiply-adds of one: ~10 ms, so that an interrupt is answered.
  static constexpr int64_t kTasks = 8;
  static constexpr int64_t kTilesPerTask = 16;
  static constexpr double kTaskWork = 5e8;
  // Of a single sweep: the longer a task's stretch of a row of weights, the better; columns that lie along the rows come
  // panel by panel.
  static constexpr int64_t kColumnTasks = 4;
  static constexpr int64_t kSharedTiles = 4;  // whose products outweigh a second packing
  static constexpr int64_t kFewPanels = 5;

  int64_t most_tiles(const TapGemm<T>& p) const {
    const int64_t height = panels_.tile_rows(), size = static_cast<int64_t>(sizeof(T));
    const int64_t pixel_bytes =
        std::max<int64_t>(1, p.groups * p.length * p.step[0] * p.step[1] * p.step[2]) * size;
    const int64_t pointer_bytes = tap_block_ * kRowPointers * static_cast<int64_t>(sizeof(T*));
    const int64_t by_bytes =
        tiles_.total * pixel_bytes <= kSingleSweepBytes ? tiles_.parts : kSweepBytes / pixel_bytes / height;
    const int64_t most = std::min(by_bytes, kPointerBytes / pointer_bytes);
    return p.planar ? std::min(most, kPlanarBytes / (columns_ * size) / height) : most;
  }

  void cut_rows(int64_t most_tiles) {
    const int64_t parts = tiles_.parts;
    row_tasks_ = ceil_div(parts, std::max<int64_t>(1, most_tiles));
    row_tasks_ = std::max(row_tasks_, std::min(parts / kTilesPerTask, kTasks));
    row_tasks_ = std::max(row_tasks_, long_tasks());
    if (row_tasks_ > 1) row_tasks_ = round_up(row_tasks_, 2);  // two threads' halves
    row_tasks_ = std::min(parts, row_tasks_);
    sweep_tiles_ = ceil_div(parts, row_tasks_);
    single_sweep_ = row_tasks_ == 1;
  }

  void cut_columns(int64_t of_single_sweep) {
    const int64_t by_work = long_tasks() / row_tasks_, panels = panels_.count();
    if (row_tasks_ >= kTasks && by_work <= 1) return;
    const int64_t wanted = single_sweep_ ? of_single_sweep : ceil_div(kTasks, row_tasks_);
    column_tasks_ = std::min(panels, std::max(by_work, wanted));
    if (panels < 2 * column_tasks_) column_tasks_ = panels;  // none of twice as many
  }

  // Few panels, odd in number, leave one of two threads without work: their tiles are shared as well, and each half packs
  // what it multiplies by. Not where kept weights would be read by both, more than a panel that stays in L2.
  void share_tiles() {
    const bool odd = column_tasks_ % 2 == 1 && column_tasks_ <= kFewPanels;
    if (!single_sweep_ || !odd || work_ < kParallelWork || get_num_threads() == 1) return;
    const bool shares = panels_.kept()
                            ? column_tasks_ == 1 || panels_.single_block()
                            : tiles_.parts >= (column_tasks_ == 1 ? kSharedTiles : 2 * kSharedTiles);
    if (shares) row_tasks_ = std::min<int64_t>(tiles_.parts, 2);
  }

  int64_t long_tasks() const { return static_cast<int64_t>(work_ / kTaskWork); }

  const TapPanels<T>& panels_;
  int64_t columns_;  // of all groups
  EvenSplit tiles_;
  double work_ = 0;
  int64_t row_tasks_ = 0, column_tasks_ = 1, sweep_tiles_ = 1, tap_block_ = 1;
  bool single_sweep_ = false, fetches_ = false, selects_ = false;
};

}  // namespace foldgate
