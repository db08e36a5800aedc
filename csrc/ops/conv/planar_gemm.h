// The engine of direct convolution for channels_first images: vectors run along an output row and the tile's rows are
// output channels, so that neither images nor outputs are ever turned to pixels.
#pragma once
#include "ops/conv/tap_gemm.h"

namespace foldgate {

// Wants planes and planar, unit steps along the width, weights whose columns are contiguous, and rows that fill their
// vectors better than the columns of a pixel would fill theirs, or so few terms that stores take longer than the lanes
// that are lost.
template <class T>
bool planar_gemm_suits(const TapGemm<T>& problem);

// Scratch: a frame of the rows of a sweep for each worker, unless whole vectors of the images can be read in place.
template <class T>
void planar_gemm(const TapGemm<T>& problem);

}  // namespace foldgate
