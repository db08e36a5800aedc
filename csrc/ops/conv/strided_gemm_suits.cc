// Which products the engine of evenly spaced pixels takes: those of few terms over many pixels.
#include <algorithm>

#include "kernels/table.h"
#include "ops/conv/matrix_product.h"
#include "ops/conv/strided_frame.h"
#include "ops/conv/strided_gemm.h"

namespace foldgate {
namespace {

constexpr int64_t kLargestFrame = 1 << 20;  // beyond it the pointers of tap_gemm are cheaper than a frame
// Up to so many terms a tile makes one pass over the inner dimension: a panel of two vectors is 80 KB on AVX-512. With
// more, or few pixels, the wider tiles of tap_gemm over blocks of weights are faster.
constexpr int64_t kMostTerms = 640;
constexpr int64_t kFewPixels = 1024;
// Twice the terms and half the pixels where tap_gemm would have to have its planes turned in memory.
constexpr int64_t kPlanesGain = 2;
// Of 1 x 1 kernels of so few terms, whose tiles are soon done: 14x14x64 -> 384 1.3x, 28x28x192 -> 32 1.25x, 14x14x384 -> 96
// 1.0x, 28x28x512 -> 128 .94x (one thread, AVX-512).
constexpr int64_t kFewPixelsOfProduct = 128, kFewTermsOfProduct = 320;
// A dot product of so few terms costs less than to find its pixel: one column of 64x64x96 in 77 us rather than 137 (two
// threads), of 128x128x16 in 85 rather than 520.
constexpr int64_t kFewTermsOfDots = 128;
constexpr int64_t kLeastWidth = 4;

}  // namespace

template <class T>
bool strided_gemm_suits(const TapGemm<T>& problem) {
  const GemmKernels<T>& gemm = kernels<T>().gemm;
  const bool narrow = problem.columns <= gemm.dots_columns && problem.length >= gemm.lanes;
  if (narrow && !(is_matrix_product(problem) && problem.length <= kFewTermsOfDots)) return false;
  const int64_t taps = static_cast<int64_t>(problem.taps.size());
  const int64_t pixels = problem.batch * problem.grid[0] * problem.grid[1] * problem.grid[2];
  const bool few_channels = problem.length < gemm.lanes;  // too short a segment for tap_gemm
  const bool brief = is_matrix_product(problem) && problem.length <= kFewTermsOfProduct;
  const int64_t few = brief ? kFewPixelsOfProduct : kFewPixels;
  const int64_t more = problem.planes ? kPlanesGain : 1;
  if (!few_channels && (taps * problem.length > more * kMostTerms || more * pixels < few)) return false;
  const int64_t width = is_matrix_product(problem) ? problem.grid[1] * problem.grid[2] : problem.grid[2];
  if (width < kLeastWidth) return false;
  StridedFrame<T> frame(problem);
  frame.shape({0, 1, 0, 1, 0, std::min(width, int64_t{56})});
  return frame.size() * static_cast<int64_t>(sizeof(T)) <= kLargestFrame;
}

template bool strided_gemm_suits(const TapGemm<float>&);
template bool strided_gemm_suits(const TapGemm<double>&);

}  // namespace foldgate
