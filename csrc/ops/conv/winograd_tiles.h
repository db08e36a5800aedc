// Tiles of m x m outputs over a batch of images, and the matrices that their transforms fill: one a position.
#pragma once
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "core/check.h"
#include "core/divide.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/packed.h"

namespace foldgate {

// `channels` of volumes (batch, depth, height, width, pitch), or with `planar` (batch, pitch, depth, height, width), whose pixels
// are winograd_planes.h's; images have a depth of 1.
template <class T>
struct Planes {
  T* data;
  int64_t height, width, channels;
  bool planar = false;
  int64_t pitch = channels;
  int64_t depth = 1;

  // Of the plane that `data` stands for.
  T* pixel(int64_t n, int64_t y, int64_t x) const {
    return data + ((n * depth * height + y) * width + x) * pitch;
  }
  // From channel to channel, planar.
  int64_t channel_step() const { return depth * height * width; }
  // `count` of the channels from `first` on.
  Planes slice(int64_t first, int64_t count) const {
    return {data + (planar ? first * channel_step() : first), height, width, count, planar, pitch, depth};
  }
  Planes at_depth(int64_t z) const {
    return {data + z * height * width * (planar ? 1 : pitch), height, width, channels, planar, pitch, depth};
  }
};

// The plan's volumes of `channels`, as its axes extend.
template <class T>
Planes<T> planes_of(const ConvPlan& plan, T* data, int64_t channels, int64_t WindowAxis::* extent) {
  const Window& w = plan.window;
  return {data,     w.height().*extent, w.width().*extent, channels, plan.channels_first,
          channels, w.depth().*extent};
}
template <class T>
Planes<T> input_planes(const ConvPlan& plan, T* x) {
  return planes_of(plan, x, plan.in_channels, &WindowAxis::input);
}
template <class T>
Planes<T> output_planes(const ConvPlan& plan, T* y) {
  return planes_of(plan, y, plan.out_channels, &WindowAxis::output);
}

// The tiles of `batch` images of outputs, image by image, row by row. Dilated taps meet every `spacing`-th pixel along an
// axis: such pixels are images of their own, spacing * spacing phases of each, that lie within one another.
struct TileGrid {
  TileGrid(int64_t batch, int64_t height, int64_t width, int64_t outputs, int64_t spacing)
      : step(outputs),
        spacing(spacing),
        rows(ceil_div(ceil_div(height, spacing), outputs)),
        columns(ceil_div(ceil_div(width, spacing), outputs)),
        count(batch * spacing * spacing * rows * columns) {}

  struct Position {
    int64_t n, y, x;  // the tile's first output
  };
  Position at(int64_t tile) const {
    const int64_t row = divide(tile, columns), phase = divide(row, rows);
    const Position first{phase, (row - phase * rows) * step, (tile - row * columns) * step};
    if (spacing == 1) return first;
    const int64_t n = phase / (spacing * spacing);
    return {n, first.y * spacing + phase / spacing % spacing, first.x * spacing + phase % spacing};
  }
  int64_t step, spacing, rows, columns, count;
};

template <class T>
const WinogradKernels<T>& winograd_of(const Kernels<T>& kernels, WeightForm::Kind kind) {
  switch (kind) {
    case WeightForm::kWinograd23: return kernels.winograd23;
    case WeightForm::kWinograd25: return kernels.winograd25;
    default: return kernels.winograd43;
  }
}

// pixels[i * edge + j]: pixel (y + i, x + j) of image n, `spacing` apart, `outside` where there is none.
template <class T>
void tile_pixels(const Planes<T>& images, const TileGrid::Position& at, int64_t edge, int64_t spacing,
                 T* outside, T** pixels) {
  const auto [n, y, x] = at;
  const int64_t reach = (edge - 1) * spacing, step = spacing * images.pitch;
  if (y >= 0 && x >= 0 && y + reach < images.height && x + reach < images.width) {
    T* row = images.pixel(n, y, x);
    for (int64_t i = 0; i < edge; ++i, row += images.width * step)
      for (int64_t j = 0; j < edge; ++j) pixels[i * edge + j] = row + j * step;
    return;
  }
  // Small images are mostly edges: no multiplication and no branch for each of their pixels.
  const auto is_inside = [](int64_t i, int64_t extent) {
    return static_cast<uint64_t>(i) < static_cast<uint64_t>(extent);
  };
  for (int64_t i = 0; i < edge; ++i) {
    const bool there = is_inside(y + i * spacing, images.height);
    T* row = there ? images.pixel(n, y + i * spacing, 0) : outside;
    const int64_t width = there ? images.width : 0;
    for (int64_t j = 0; j < edge; ++j) {
      T* pixel = row + x * images.pitch + j * step;
      pixels[i * edge + j] = is_inside(x + j * spacing, width) ? pixel : outside;
    }
  }
}

constexpr int64_t kLineBytes = 64;

// What the transforms of so many rows of matrices take, in multiply-adds: vectors of few channels are half empty.
template <class T>
double transform_work(const GemmKernels<T>& gemm, int64_t rows, int64_t channels) {
  return kValueWork * static_cast<double>(rows * round_up(channels, int64_t{gemm.lanes}));
}

// A matrix (tiles, channels) a position. Rows stand an odd number of cache lines apart, so that they spread over all
// sets of L1, and positions a line more than they fill, since the transforms write all of them side by side.
template <class T>
struct PositionMatrices {
  T* data = nullptr;
  int64_t row_step = 0, step = 0;  // from row to row, from position to position

  static PositionMatrices shape(int64_t tiles, int64_t channels) {
    const int64_t line = kLineBytes / static_cast<int64_t>(sizeof(T));
    const int64_t row = (ceil_div(channels, line) | 1) * line;
    return {nullptr, row, tiles * row + line};
  }
  PositionMatrices at(T* target) const { return {target, row_step, step}; }
  PositionMatrices part(int64_t row, int64_t channel) const {
    return {data + row * row_step + channel, row_step, step};
  }
};

// U: [position][panel][tap of the depth][k][width], panels from the column that `data` stands for on; `depth` rows a panel.
template <class T>
struct PositionWeights {
  const T* data;
  int64_t depth, step;
  const T* panel(int64_t position, int64_t column) const { return data + position * step + column * depth; }
};

// Tiles [first, first + count) of a grid, of edge x edge pixels from `shift` before their first output on.
struct TileSpan {
  const TileGrid& grid;
  int64_t first, count, edge, shift[2];
};

// body(i, pixels) for each tile of `images`; `outside` stands for pixels that are not there. While a tile is transformed
// the next one's lines are fetched, of `channels` each: so many short rows are more than the hardware follows.
template <class T, class Body>
void visit_tiles(const Planes<T>& images, const TileSpan& tiles, int64_t channels, T* outside, Body body) {
  const int64_t line = kLineBytes / static_cast<int64_t>(sizeof(T)), area = tiles.edge * tiles.edge;
  T* pixels[2][kMaxWinogradEdge * kMaxWinogradEdge];
  const auto find = [&](int64_t i) {
    const auto [n, y, x] = tiles.grid.at(tiles.first + i);
    tile_pixels<T>(images, {n, y - tiles.shift[0], x - tiles.shift[1]}, tiles.edge, tiles.grid.spacing,
                   outside, pixels[i % 2]);
  };
  find(0);
  for (int64_t i = 0; i < tiles.count; ++i) {
    if (i + 1 < tiles.count) {
      find(i + 1);
      for (int64_t p = 0; p < area; ++p)
        for (int64_t c = 0; c < channels; c += line)
          __builtin_prefetch(pixels[(i + 1) % 2][p] + c, !std::is_const_v<T>);
    }
    body(i, pixels[i % 2]);
  }
}

// Tiles into the rows of `matrices`, by `transform`, which takes a tile's pixels. `zero`: of images.channels.
template <class T>
void transform_tiles(void (*transform)(const T* const*, int64_t, T*, int64_t), const Planes<const T>& images,
                     const TileSpan& tiles, const T* zero, const PositionMatrices<T>& matrices) {
  visit_tiles(images, tiles, images.channels, zero, [&](int64_t i, const T* const* pixels) {
    transform(pixels, images.channels, matrices.data + i * matrices.row_step, matrices.step);
  });
}

}  // namespace foldgate
