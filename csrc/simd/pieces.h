// Odd functions with a limit on whole vectors of float, by 16 polynomials whose coefficients are looked up: for tiers that
// look up (simd/vec.h).
//   f(x) = sign(x) p_j(r),  |x| scale = j + r,  |r| <= 1/2
// No piece waits for another, as the terms of one long polynomial do, and none needs e^x. The last piece is the limit.
#pragma once
#include "simd/math.h"

namespace foldgate::FOLDGATE_ISA {

constexpr int kPieces = 16;

// P's function of x scale / P::kScale
template <class P>
FOLDGATE_INLINE Vec<float> by_pieces(Vec<float> x, float scale = P::kScale) {
  constexpr float kRound = ExpConstants<float>::kRound;
  const Vec<float> t = minimum(broadcast<float>((kPieces - 1) / scale), magnitude<float>(x));
  const Vec<float> rounded = t * scale + kRound, r = t * scale - (rounded - kRound), square = r * r;
  const auto term = [&](int k) FOLDGATE_LAMBDA { return lookup(P::kTerms[k], (IntVec<float>)rounded); };
  const Vec<float> high = term(5) * r + term(4), middle = term(3) * r + term(2), low = term(1) * r + term(0);
  const Vec<float> size = (high * square + middle) * square + low;
  return (Vec<float>)((IntVec<float>)size | ((IntVec<float>)x & kSignBit<float>));
}

}  // namespace foldgate::FOLDGATE_ISA
