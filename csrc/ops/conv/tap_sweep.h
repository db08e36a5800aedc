// The task of a tap GEMM: the pixels of a sweep, their taps' addresses, the products with each panel of weights, and the
// way out.
#pragma once
#include <algorithm>
#include <cstring>
#include <vector>

#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/conv/tap_cut.h"

namespace foldgate {

// A worker's. rows: for each tile and tap of a block the addresses of its pixels' inputs; seen_rows, seen_outs: of one tap
// those that it does not miss; b: a block's rows of weights, which `panel` holds where they are packed as they come.
template <class T>
struct TapScratch {
  TapScratch(const TapCut<T>& cut, int64_t panel, int64_t planar)
      : pixels(cut.sweep_tiles()),
        outs(cut.sweep_tiles() * kRowPointers),
        seen_outs(cut.selects() ? outs.size() : 0),
        rows(cut.sweep_tiles() * cut.tap_block() * kRowPointers),
        seen_rows(seen_outs.size()),
        b(cut.tap_block()),
        panel(panel),
        planar(planar) {}
  Scratch<TilePixels> pixels;
  Scratch<T*> outs, seen_outs;
  Scratch<const T*> rows, seen_rows, b;
  Scratch<T> panel, planar;
};

template <class T>
class TapSweep {
 public:
  TapSweep(const TapGemm<T>& problem, const TapPanels<T>& panels, const TapCut<T>& cut)
      : p_(problem), panels_(panels), cut_(cut), zero_(problem.groups * problem.length) {
    zero_.zero();
    shifts_.reserve(p_.taps.size());
    for (const Tap& tap : p_.taps) shifts_.push_back(shift_of(tap));
  }

  // Of a task's outputs that are turned to planes.
  int64_t planar_values() const {
    return p_.planar ? cut_.sweep_tiles() * panels_.tile_rows() * p_.groups * p_.columns : 0;
  }

  void run(const TapTask& task, TapScratch<T>& scratch) const {
    place_pixels(task, scratch);
    if (cut_.selects()) start(task, scratch);
    int64_t tap = 0;
    do {
      const int64_t count = std::min(cut_.tap_block(), taps() - tap);
      for (int64_t i = 0; i < task.tiles; ++i) place_taps(scratch, i, tap, count);
      panels_.for_each_block(tap, count, [&](const TapBlock& block, const TapBlock& next) {
        multiply(task, block, next, tap, scratch);
      });
      tap += count;
    } while (tap < taps());
    finish(task, scratch);
  }

 private:
  int64_t plane() const { return p_.grid[0] * p_.grid[1] * p_.grid[2]; }
  int64_t taps() const { return static_cast<int64_t>(p_.taps.size()); }

  TapShift shift_of(const Tap& tap) const {
    TapShift shift{};
    int64_t elements = 0;
    for (int i = 0; i < kMaxSpatial; ++i) {
      shift.axis[i] = tap.shift[i];
      elements += tap.shift[i] * p_.in.step[i + 1];
    }
    shift.bytes = elements * static_cast<int64_t>(sizeof(T));
    return shift;
  }

  // Positions and outputs of every pixel of the sweep.
  void place_pixels(const TapTask& task, TapScratch<T>& scratch) const {
    const int64_t begin = first_pixel(task);
    int64_t n = begin / plane(), at[kMaxSpatial], left = begin % plane();
    at[0] = left / (p_.grid[1] * p_.grid[2]);
    at[1] = left / p_.grid[2] % p_.grid[1];
    at[2] = left % p_.grid[2];
    for (int64_t tile = 0; tile < task.tiles; ++tile) {
      TilePixels& pixels = scratch.pixels[tile];
      const int64_t height = cut_.tiles().size(task.first_tile + tile),
                    first = cut_.tiles().begin(task.first_tile + tile);
      for (int64_t i = 0; i < kRowPointers; ++i) {
        if (i < height) {
          place_pixel(n, at, pixels, i);
          scratch.outs[tile * kRowPointers + i] =
              p_.planar ? scratch.planar.data() + (first + i - begin) * task.columns : output(n, at);
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

  void place_taps(TapScratch<T>& scratch, int64_t tile, int64_t tap, int64_t count) const {
    const T** rows = scratch.rows.data() + tile * cut_.tap_block() * kRowPointers;
    if (p_.inside)
      kernel_.conv.inner_pointers(scratch.pixels[tile], shifts_.data() + tap, count, rows);
    else
      kernel_.conv.tap_pointers(scratch.pixels[tile], shifts_.data() + tap, count, p_.in.extent, zero_.data(),
                                rows);
  }

  // All panels of the range over all tiles of the sweep, for one block of the inner dimension.
  void multiply(const TapTask& task, const TapBlock& block, const TapBlock& next, int64_t pointers_from,
                TapScratch<T>& scratch) const {
    Tile<T> tile;
    tile.segments = block.taps;
    tile.length = block.length;
    tile.b = scratch.b.data();
    const bool selects = cut_.selects();
    const TileRows<T> all = rows_of(task, block.tap - pointers_from, scratch);
    const TileRows<T> rows = selects ? seen_of(all, scratch) : all;
    for (int64_t q = task.first_panel; q < task.end_panel; ++q) {
      const TapPanel panel = panels_.panel(q);
      tile.a_offset = panel.group * p_.length + block.k;
      tile.c_offset = panels_.column(q) - (p_.planar ? task.first_column : 0);
      tile.columns = static_cast<int>(panel.columns);
      const int width = panels_.dots() ? tile.columns : static_cast<int>(panel.width / kernel_.gemm.lanes);
      const bool ends = block.last && !selects;
      const Epilogue<T> epilogue{ends && p_.bias ? p_.bias + panels_.column(q) : nullptr,
                                 selects || !block.first, ends ? rectifier(p_.activation) : kNoRectifier};
      for (int64_t i = 0; i < rows.count; ++i) {
        if (i < 2) place_weights(q, block, i, rows.count, scratch, tile);
        const int height = rows.place(i, tile);
        if (cut_.fetches())
          panels_.fetch_next(q, task.first_panel, task.end_panel, block, next, {i, rows.count}, tile);
        (panels_.dots() ? kernel_.gemm.dots : kernel_.gemm.rows)(height, width, tile, epilogue);
      }
    }
  }

  // Where tile i of `tiles` reads a block of a panel. Where tiles pack, the first of several reads the kernel and leaves what
  // it read to the others; a single one reads the kernel alone.
  void place_weights(int64_t index, const TapBlock& block, int64_t i, int64_t tiles,
                     const TapScratch<T>& scratch, Tile<T>& tile) const {
    const bool packs = panels_.tiles_pack(panels_.panel(index));
    if (i > 0 && !packs) return;
    tile.packed = packs && i == 0 && tiles > 1 ? scratch.panel.data() : nullptr;
    tile.b_step = packs && i == 0 ? panels_.place_source(index, block, scratch.b.data())
                                  : panels_.place(index, block, scratch.panel.data(), scratch.b.data());
  }

  // The sweep's rows through a tap, the one of that number among its pointers.
  TileRows<T> rows_of(const TapTask& task, int64_t tap, const TapScratch<T>& scratch) const {
    return {scratch.rows.data() + tap * kRowPointers,
            scratch.outs.data(),
            cut_.tap_block() * kRowPointers,
            kRowPointers,
            cut_.tiles(),
            task.first_tile,
            task.tiles};
  }
  // Those of them that see the image.
  TileRows<T> seen_of(const TileRows<T>& all, const TapScratch<T>& scratch) const {
    int64_t count = 0;
    Tile<T> tile;
    for (int64_t i = 0; i < all.count; ++i) {
      const int height = all.place(i, tile);
      for (int r = 0; r < height; ++r) {
        scratch.seen_rows[count] = tile.a[r];
        scratch.seen_outs[count] = tile.c[r];
        count += tile.a[r] != zero_.data();
      }
    }
    const EvenSplit split(count, panels_.tile_rows());
    return {scratch.seen_rows.data(), scratch.seen_outs.data(), 0, 0, split, 0, split.parts};
  }

  // Sums of rows that are selected begin here, from the bias, and are activated in finish(): no tap sees all of them.
  void start(const TapTask& task, const TapScratch<T>& scratch) const {
    const size_t bytes = static_cast<size_t>(task.columns) * sizeof(T);
    for (int64_t tile = 0; tile < task.tiles; ++tile)
      for (int64_t i = 0; i < cut_.tiles().size(task.first_tile + tile); ++i) {
        T* const row = scratch.outs[tile * kRowPointers + i] + (p_.planar ? 0 : task.first_column);
        p_.bias ? std::memcpy(row, p_.bias + task.first_column, bytes) : std::memset(row, 0, bytes);
      }
  }

  // The activation while the sweep is in cache, and its way to planes.
  void finish(const TapTask& task, TapScratch<T>& scratch) const {
    const bool activates = is_curve(p_.activation) || cut_.selects();
    if (p_.planar) {
      if (activates) activate(scratch.planar.data(), pixels(task) * task.columns);
      turn(task, scratch.planar.data());
    } else if (activates) {
      activate_rows(task, scratch.outs.data());
    }
  }

  int64_t first_pixel(const TapTask& task) const { return cut_.tiles().begin(task.first_tile); }
  int64_t pixels(const TapTask& task) const {
    return cut_.tiles().begin(task.first_tile + task.tiles) - first_pixel(task);
  }

  void activate(T* values, int64_t count) const { kernel_.activation.forward(p_.activation, values, count); }

  // outs: of the sweep's pixels, kRowPointers a tile.
  void activate_rows(const TapTask& task, T* const* outs) const {
    const int64_t last = task.tiles - 1, rows = cut_.tiles().size(task.first_tile + last);
    const int64_t values = pixels(task) * task.columns;
    T* const first = outs[0] + task.first_column;
    if (outs[last * kRowPointers + rows - 1] + task.first_column - first == values - task.columns)
      return activate(first, values);  // one stretch
    for (int64_t tile = 0; tile < task.tiles; ++tile)
      for (int64_t i = 0; i < cut_.tiles().size(task.first_tile + tile); ++i)
        activate(outs[tile * kRowPointers + i] + task.first_column, task.columns);
  }

  void turn(const TapTask& task, const T* source) const {
    const int64_t begin = first_pixel(task), end = begin + pixels(task);
    for (int64_t pixel = begin, count; pixel < end; pixel += count, source += count * task.columns) {
      const int64_t n = pixel / plane(), within = pixel % plane();
      count = std::min(end - pixel, plane() - within);
      T* const target = p_.out + (n * p_.groups * p_.columns + task.first_column) * plane() + within;
      kernel_.gemm.transpose(source, task.columns, count, task.columns, target, plane());
    }
  }

  const TapGemm<T>& p_;
  const TapPanels<T>& panels_;
  const TapCut<T>& cut_;
  const Kernels<T>& kernel_ = kernels<T>();
  const Scratch<T> zero_;  // of one pixel
  std::vector<TapShift> shifts_;
};

}  // namespace foldgate
