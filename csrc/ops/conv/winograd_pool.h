// Winograd's outputs as the maxima of their windows of 2 x 2, which a tile holds whole: 2 divides its outputs an axis.
#pragma once
#include <cstdint>

#include "ops/conv/winograd_tiles.h"

namespace foldgate {

// Where the maxima go, (batch, height, width, channels) with height and width half of the outputs', rounded down, and,
// if not null, which of the four outputs each is.
template <class T>
struct PooledOutputs {
  T* data;
  uint8_t* taps;
  int64_t height, width;
};

// Tiles [first, first + count) of the grid, columns [column, column + columns) of `channels`.
struct TileColumns {
  int64_t first, count, column, columns, channels;
};

// m: of these columns; bias: from their first on, or null; outside: room for what lies beyond the image.
template <class T>
void pool_tiles(const PooledOutputs<T>& to, const WinogradKernels<T>& winograd, const TileGrid& grid,
                const TileColumns& part, const PositionMatrices<T>& m, const T* bias, T limit, T* outside) {
  const int64_t edge = winograd.outputs / 2;
  T* pixels[kMaxWinogradEdge];
  uint8_t* taps[kMaxWinogradEdge];
  for (int64_t i = 0; i < part.count; ++i) {
    const auto at = grid.at(part.first + i);
    for (int64_t window = 0; window < edge * edge; ++window) {
      const int64_t y = at.y / 2 + window / edge, x = at.x / 2 + window % edge;
      const int64_t place = ((at.n * to.height + y) * to.width + x) * part.channels + part.column;
      const bool inside = y < to.height && x < to.width;
      pixels[window] = inside ? to.data + place : outside;
      taps[window] = inside && to.taps ? to.taps + place : reinterpret_cast<uint8_t*>(outside);
    }
    winograd.pooled_output(m.data + i * m.row_step, m.step, part.columns, bias, limit, pixels,
                           to.taps ? taps : nullptr);
  }
}

}  // namespace foldgate
