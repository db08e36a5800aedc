// The engine of direct convolution where output rows are long enough for a tile: the pixels of a tile stand evenly, in
// the images or in a frame (strided_frame.h), so that a segment needs one address. The same product as tap_gemm's.
#pragma once
#include "ops/conv/narrow_product.h"
#include "ops/conv/planar_gemm.h"
#include "ops/conv/planar_product.h"
#include "ops/conv/tap_gemm.h"

namespace foldgate {

template <class T>
bool strided_gemm_suits(const TapGemm<T>& problem);

// Scratch: the packed weights (unless few pixels read them in place), and for each worker, or once for all where columns
// are shared, a frame of at most kLargestFrame bytes and, with `planar`, the outputs of one sweep.
template <class T>
void strided_gemm(const TapGemm<T>& problem);

template <class T>
PackedWeights<T> strided_gemm_pack(const TapGemm<T>& problem);
template <class T>
WeightForm strided_gemm_form(const TapGemm<T>& problem);

// Whether an engine takes the problem with planes and planar.
template <class T>
bool direct_gemm_reads_planes(TapGemm<T> problem) {
  problem.planes = problem.planar = true;
  return planar_product_suits(problem) || planar_gemm_suits(problem) || strided_gemm_suits(problem);
}

// By the engine that suits.
template <class T>
void direct_gemm(const TapGemm<T>& problem) {
  if (planar_product_suits(problem)) return planar_product(problem);
  if (planar_gemm_suits(problem)) return planar_gemm(problem);
  if (narrow_product_suits(problem)) return narrow_product(problem);
  problem.planes || strided_gemm_suits(problem) ? strided_gemm(problem) : tap_gemm(problem);
}
// The weights in the form of that engine; planar_gemm and narrow_product read them in place.
template <class T>
PackedWeights<T> direct_gemm_pack(const TapGemm<T>& problem) {
  if (planar_product_suits(problem)) return planar_product_pack(problem);
  if (planar_gemm_suits(problem) || narrow_product_suits(problem)) return {};
  return problem.planes || strided_gemm_suits(problem) ? strided_gemm_pack(problem) : tap_gemm_pack(problem);
}
template <class T>
WeightForm direct_gemm_form(const TapGemm<T>& problem) {
  if (planar_product_suits(problem)) return planar_product_form(problem);
  if (planar_gemm_suits(problem) || narrow_product_suits(problem)) return {};
  return problem.planes || strided_gemm_suits(problem) ? strided_gemm_form(problem) : tap_gemm_form(problem);
}

}  // namespace foldgate
