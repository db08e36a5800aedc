// Winograd's tiles over channels_first images. The transforms run along the channels: of a few vectors of them the rows
// that a few tiles see are turned to pixels in a window in cache, and outputs to planes from there. Nothing passes
// through memory twice.
#pragma once
#include <algorithm>

#include "ops/conv/winograd_tiles.h"

namespace foldgate {

// Tiles in the order of the grid are best taken by so many: those of planes by rows, which the windows turn as a whole, as
// long as a row is no more than kMostRow times the `most` that a task would take otherwise.
inline int64_t tiles_together(const TileGrid& grid, bool planar, int64_t most) {
  constexpr int64_t kMostRow = 4;
  return planar && grid.columns <= kMostRow * most ? grid.columns : 1;
}

// Neighbouring tiles that one window serves: whole rows of tiles of an image, or a piece of one row.
struct TileRun {
  int64_t first, rows, columns;  // first: among the tiles of the grid
  int64_t count() const { return rows * columns; }
};

template <class T>
class PlaneWindows {
 public:
  // `edge`: pixels of a tile along an axis.
  PlaneWindows(const TileGrid& grid, int64_t edge, int64_t channels)
      : grid_(grid),
        edge_(edge),
        lanes_(kernels<T>().gemm.lanes),
        columns_(ceil_div(grid.columns, ceil_div(bytes(grid.columns), kBytes))),
        rows_(std::min(grid.rows, std::max<int64_t>(1, kBytes / bytes(grid.columns)))),
        channels_(lanes_ * std::min(ceil_div(channels, lanes_),
                                    std::max<int64_t>(1, kWideBytes / (rows_ * bytes(columns_))))) {}

  // Elements of scratch.
  int64_t size() const { return reach(rows_) * reach(columns_) * channels_; }

  // As transform_tiles: V or D of tiles [first, first + count) of planar `images`.
  void transform(void (*kernel)(const T* const*, int64_t, T*, int64_t), const Planes<const T>& images,
                 int64_t first, int64_t count, const int64_t (&shift)[2], const T* zero, T* window,
                 const PositionMatrices<T>& matrices) const {
    for_each_run(first, count, [&](const TileRun& run) {
      const auto at = grid_.at(run.first);
      const Area area = clipped(images, run, at.y - shift[0], at.x - shift[1]);
      const Planes<const T> seen{window, area.rows, area.columns, channels_};
      for (int64_t c = 0; c < images.channels; c += channels_) {
        const int64_t live = std::min(channels_, images.channels - c);
        fill(images, at.n * images.pitch + c, live, area, window);
        T* target = matrices.data + (run.first - first) * matrices.row_step + c;
        for_each_tile<const T>(seen, run, at.y - shift[0] - area.y, at.x - shift[1] - area.x, zero,
                               [&](int64_t i, const T* const* pixels) {
                                 kernel(pixels, live, target + i * matrices.row_step, matrices.step);
                               });
      }
    });
  }

  // The same of a plane whose tiles are found either way.
  void transform_plane(void (*kernel)(const T* const*, int64_t, T*, int64_t), const Planes<const T>& plane,
                       const TileSpan& tiles, const T* zero, T* window,
                       const PositionMatrices<T>& matrices) const {
    plane.planar ? transform(kernel, plane, tiles.first, tiles.count, tiles.shift, zero, window, matrices)
                 : transform_tiles(kernel, plane, tiles, zero, matrices);
  }

  // Outputs of tiles [first, first + count) into channels [channel, channel + channels) of planar `images`:
  // body(tile - first, channel - first channel, channels, pixels) writes a tile's, finish(values, n) what follows.
  template <class Body, class Finish>
  void store(const Planes<T>& images, int64_t first, int64_t count, int64_t channel, int64_t channels,
             T* outside, T* window, Body body, Finish finish) const {
    for_each_run(first, count, [&](const TileRun& run) {
      const auto at = grid_.at(run.first);
      const Area area = clipped(images, run, at.y, at.x);
      const Planes<T> seen{window, area.rows, area.columns, channels_};
      for (int64_t c = 0; c < channels; c += channels_) {
        const int64_t live = std::min(channels_, channels - c);
        for_each_tile<T>(seen, run, 0, 0, outside,
                         [&](int64_t i, T* const* pixels) { body(run.first - first + i, c, live, pixels); });
        finish(window, area.rows * area.columns * channels_);
        empty(images, at.n * images.pitch + channel + c, live, area, window);
      }
    });
  }

 private:
  // Of a window, in L2: rows of tiles as a whole, since rows of a plane follow each other, and several of them, since two
  // share two rows of pixels; then several vectors of channels, which share the way to a tile's pixels. Pieces of rows in
  // L1 took 1.1 to 1.3 times as long for 112 to 224 pixels of 32 channels, windows of 24 KB 1.02 to 1.04 times for 14 to
  // 128 pixels of 32 to 128.
  static constexpr int64_t kBytes = 96 << 10, kWideBytes = 192 << 10;

  // Rows and columns of a plane.
  struct Area {
    int64_t y, x, rows, columns;
  };

  int64_t bytes(int64_t tiles) const {
    return tiles * edge_ * grid_.step * lanes_ * static_cast<int64_t>(sizeof(T));
  }
  int64_t reach(int64_t tiles) const { return (tiles - 1) * grid_.step + edge_; }

  template <class Body>
  void for_each_run(int64_t first, int64_t count, Body body) const {
    for (int64_t end = first + count; first < end;) {
      const int64_t column = first % grid_.columns, row = first / grid_.columns % grid_.rows;
      TileRun run{first, 1, std::min({columns_, grid_.columns - column, end - first})};
      if (run.columns == grid_.columns)
        run.rows = std::min({rows_, grid_.rows - row, (end - first) / grid_.columns});
      body(run);
      first += run.count();
    }
  }

  // body(tile, its pixels) for the tiles of a run, the first of which begins at (y, x) of the window. Tiles within it
  // move their neighbour's pointers: finding them anew, for every vector of channels, takes as long as the transform.
  template <class E, class Body>
  void for_each_tile(const Planes<E>& seen, const TileRun& run, int64_t y, int64_t x, E* outside,
                     Body body) const {
    E* pixels[kMaxWinogradEdge * kMaxWinogradEdge];
    const int64_t area = edge_ * edge_, step = grid_.step * channels_;
    for (int64_t row = 0, i = 0; row < run.rows; ++row) {
      bool inside = false;
      for (int64_t column = 0; column < run.columns; ++column, ++i) {
        const int64_t top = y + row * grid_.step, left = x + column * grid_.step;
        const bool was = inside;
        inside = top >= 0 && left >= 0 && top + edge_ <= seen.height && left + edge_ <= seen.width;
        if (was && inside)
          for (int64_t p = 0; p < area; ++p) pixels[p] += step;
        else
          tile_pixels<E>(seen, {0, top, left}, edge_, 1, outside, pixels);
        body(i, pixels);
      }
    }
  }

  // What the run's tiles see of a plane, from (y, x) on.
  template <class Image>
  Area clipped(const Image& images, const TileRun& run, int64_t y, int64_t x) const {
    Area area{std::max<int64_t>(0, y), std::max<int64_t>(0, x), 0, 0};
    area.rows = std::max<int64_t>(0, std::min(images.height, y + reach(run.rows)) - area.y);
    area.columns = std::max<int64_t>(0, std::min(images.width, x + reach(run.columns)) - area.x);
    return area;
  }

  // body(pixel of the planes, pixels, element of the window, channel) for each vector of `planes` channels; whole rows of a
  // plane follow each other.
  template <class Image, class Body>
  void for_each_stretch(const Image& images, const Area& area, int64_t planes, Body body) const {
    const bool whole = area.columns == images.width;
    const int64_t stretches = whole ? 1 : area.rows, length = whole ? area.rows * area.columns : area.columns;
    for (int64_t c = 0; c < planes; c += lanes_)
      for (int64_t i = 0; i < stretches; ++i)
        body((area.y + i) * images.width + area.x, length, i * area.columns * channels_ + c, c);
  }
  void fill(const Planes<const T>& images, int64_t plane, int64_t planes, const Area& area, T* window) const {
    const int64_t size = images.channel_step();
    for_each_stretch(images, area, planes, [&](int64_t from, int64_t length, int64_t to, int64_t c) {
      kernels<T>().gemm.transpose(images.data + (plane + c) * size + from, size, std::min(lanes_, planes - c),
                                  length, window + to, channels_);
    });
  }
  void empty(const Planes<T>& images, int64_t plane, int64_t planes, const Area& area,
             const T* window) const {
    const int64_t size = images.channel_step();
    for_each_stretch(images, area, planes, [&](int64_t to, int64_t length, int64_t from, int64_t c) {
      kernels<T>().gemm.transpose(window + from, channels_, length, std::min(lanes_, planes - c),
                                  images.data + (plane + c) * size + to, size);
    });
  }

  const TileGrid& grid_;
  int64_t edge_, lanes_, columns_, rows_, channels_;  // of a window: tiles, and the channels of a pixel
};

}  // namespace foldgate
