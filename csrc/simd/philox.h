// Philox 4x32-7 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011: the fewest rounds that pass BigCrush)
// on 64-bit lanes, one counter a lane, each word in the lower half of its lane; what stands in the upper half of words and
// keys is never read.
#pragma once
#include "simd/stride.h"

namespace foldgate::FOLDGATE_ISA {

using Lanes64 = IntVec<double>;

// The 64-bit products of the lanes' lower halves, unsigned.
FOLDGATE_INLINE Lanes64 multiply_halves(Lanes64 a, Lanes64 b) {
#if defined(__AVX512F__)
  return (Lanes64)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Lanes64)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (Lanes64)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  constexpr int64_t kHalf = 0xffffffff;
  return (a & kHalf) * (b & kHalf);
#endif
}

struct PhiloxWords {
  Lanes64 word[4];
};

constexpr int kPhiloxRounds = 7;

// Vectors in step, as a round waits for the one before it: their words and a round's products fill the registers.
constexpr int kPhiloxVectors = kRegisters / 8;

// Words of the counters first, first + 1, ... (their upper 64 bits are 0) under a key.
FOLDGATE_INLINE void philox(uint64_t key, uint64_t first, PhiloxWords (&words)[kPhiloxVectors]) {
  constexpr int64_t kMultiply0 = 0xD2511F53, kMultiply1 = 0xCD9E8D57;
  constexpr int64_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  // unsigned, so that counters and keys wrap
  typedef uint64_t Unsigned __attribute__((vector_size(kVectorBytes)));
  const Lanes64 m0 = broadcast_int<double>(kMultiply0), m1 = broadcast_int<double>(kMultiply1);
  Unsigned k0 = key - Unsigned{}, k1 = (key >> 32) - Unsigned{};
  const auto upper = [](Lanes64 product) FOLDGATE_LAMBDA { return (Lanes64)((Unsigned)product >> 32); };
  FOLDGATE_UNROLL
  for (int v = 0; v < kPhiloxVectors; ++v) {  // the first round, in which words 2 and 3 are 0
    const Unsigned counter = (Unsigned)iota<double>() + (first + static_cast<uint64_t>(v * kLanes<double>));
    const Lanes64 low = multiply_halves((Lanes64)counter, m0);
    words[v] = PhiloxWords{{(Lanes64)((counter >> 32) ^ k0), Lanes64{}, upper(low) ^ (Lanes64)k1, low}};
  }
  FOLDGATE_UNROLL  // so that nothing is moved between rounds
      for (int r = 1; r < kPhiloxRounds; ++r) {
    k0 += kWeyl0;
    k1 += kWeyl1;
    FOLDGATE_UNROLL
    for (int v = 0; v < kPhiloxVectors; ++v) {
      Lanes64(&c)[4] = words[v].word;
      const Lanes64 low = multiply_halves(c[0], m0), high = multiply_halves(c[2], m1);
      c[0] = upper(high) ^ c[1] ^ (Lanes64)k0;
      c[2] = upper(low) ^ c[3] ^ (Lanes64)k1;
      c[1] = high;
      c[3] = low;
    }
  }
}

// The words in the order of their counters: 16 bytes a counter.
FOLDGATE_INLINE void store_words(uint32_t* p, const PhiloxWords& w) {
  constexpr int64_t kHalf = 0xffffffff;
  const Lanes64 a = (w.word[0] & kHalf) | (w.word[1] << 32), b = (w.word[2] & kHalf) | (w.word[3] << 32);
  store_interleaved<double>(reinterpret_cast<double*>(p), (Vec<double>)a, (Vec<double>)b);
}

}  // namespace foldgate::FOLDGATE_ISA
