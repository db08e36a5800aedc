// The rows that the tiles of a tap GEMM are made of: all pixels of a sweep, or those that see the image through a tap.
#pragma once
#include <algorithm>

#include "core/check.h"
#include "kernels/gemm.h"
#include "ops/conv/tap_gemm.h"

namespace foldgate {

// What the tiles of a block read and write.
template <class T>
struct TileRows {
  const T* const* a;
  T* const* c;
  int64_t a_step, c_step;  // from tile to tile; 0: the tiles' rows follow one another
  EvenSplit split;
  int64_t first, count;  // of the split's tiles

  int place(int64_t i, Tile<T>& tile) const {
    tile.a = a + (a_step > 0 ? i * a_step : split.begin(i));
    tile.c = c + (c_step > 0 ? i * c_step : split.begin(i));
    return static_cast<int>(split.size(first + i));
  }
};

// Outputs along an axis whose input position exists.
inline int64_t seen_along(int64_t outputs, int64_t step, int64_t shift, int64_t extent) {
  const int64_t first = shift < 0 ? ceil_div(-shift, step) : 0;
  const int64_t end = extent > shift ? std::min(outputs, ceil_div(extent - shift, step)) : 0;
  return std::max<int64_t>(0, end - first);
}

// Whether each tap leaves out the outputs that it stands outside of the image for. The sums are then read and written once
// a tap, which takes as long as kTermsOfSums terms of it.
template <class T>
bool selecting_pays(const TapGemm<T>& p) {
  constexpr double kTermsOfSums = 20;
  if (p.inside || static_cast<double>(p.length) <= kTermsOfSums) return false;
  double seen = 0;
  for (const Tap& tap : p.taps) {
    double share = 1;
    for (int i = 0; i < kMaxSpatial; ++i)
      share *= static_cast<double>(seen_along(p.grid[i], p.step[i], tap.shift[i], p.in.extent[i])) /
               static_cast<double>(p.grid[i]);
    seen += share;
  }
  const double left_out = static_cast<double>(p.taps.size()) - seen;
  return left_out * static_cast<double>(p.length) > kTermsOfSums * static_cast<double>(p.taps.size());
}

}  // namespace foldgate
