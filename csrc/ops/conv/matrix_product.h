// Convolutions of one tap over whole images are matrix products: one long row of pixels.
#pragma once
#include "ops/conv/tap_gemm.h"

namespace foldgate {

// A 1x1 product over whole images: one long row of pixels, of the batch if its images lie one after the other.
template <class T>
bool is_matrix_product(const TapGemm<T>& p) {
  if (p.taps.size() != 1 || !p.inside) return false;
  for (int i = 0; i < kMaxSpatial; ++i)
    if (p.step[i] != 1 || p.taps[0].shift[i] != 0 || p.grid[i] != p.in.extent[i]) return false;
  const int64_t outs = p.groups * p.columns, ins = p.groups * p.length;
  auto dense = [&](const int64_t* step, int64_t channels) {
    return step[3] == channels && step[2] == p.grid[2] * step[3] && step[1] == p.grid[1] * step[2] &&
           step[0] == p.grid[0] * step[1];
  };
  return (p.planes || dense(p.in.step, ins)) && (p.planar || dense(p.out_step, outs));
}

template <class T>
TapGemm<T> flattened(const TapGemm<T>& problem) {
  TapGemm<T> p = problem;
  if (!is_matrix_product(p)) return p;
  const int64_t plane = p.grid[0] * p.grid[1] * p.grid[2], images = p.planes || p.planar ? p.batch : 1;
  const int64_t width = images == 1 ? p.batch * plane : plane;
  p.batch = images;
  for (int i = 0; i < kMaxSpatial; ++i) {
    p.grid[i] = p.in.extent[i] = i == 2 ? width : 1;
    p.in.step[i] = width * p.in.step[3];
    p.out_step[i] = width * p.out_step[3];
  }
  return p;
}

}  // namespace foldgate
