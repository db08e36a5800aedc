// Convolutions of one tap over whole channels_first images as the matrix products that they are there:
//
//   out_n[j][p] = activation(bias[j] + sum over k < length of  B[k][j] * in_n[k][p])
//
// an image n and its group's channels at a time. Vectors run along the pixels, the rows of a tile are output channels.
#pragma once
#include "ops/conv/tap_gemm.h"

namespace foldgate {

// Wants planes and planar, and pixels that fill most of their vectors; sums of several passes, nearly all of their pairs of
// vectors: 1x1024x14x14 -> 256 took 1.1 times as long as with its planes turned.
template <class T>
bool planar_product_suits(const TapGemm<T>& problem);

// Scratch: the packed weights, as large as B, unless they are given; for each worker a block of `in` of at most kPanelBytes, or one panel.
template <class T>
void planar_product(const TapGemm<T>& problem);

template <class T>
PackedWeights<T> planar_product_pack(const TapGemm<T>& problem);
template <class T>
WeightForm planar_product_form(const TapGemm<T>& problem);

}  // namespace foldgate
