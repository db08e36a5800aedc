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

constexpr int kPhiloxRounds = 7;

typedef uint64_t UnsignedLanes64
    __attribute__((vector_size(kVectorBytes)));  // which counters and keys wrap in

FOLDGATE_INLINE Lanes64 upper_half(Lanes64 v) { return (Lanes64)((UnsignedLanes64)v >> 32); }
template <int... I>
FOLDGATE_INLINE Lanes64 swap_halves(Lanes64 v, Indices<I...>) {
  return (Lanes64)__builtin_shufflevector((IntVec<float>)v, (IntVec<float>)v, (I ^ 1)...);
}

struct PhiloxKey {
  UnsignedLanes64 a, b;
};
struct PhiloxWords {
  Lanes64 word[4];
};
// The words of one counter a lane, as they are stored: word 0 in its lower half and 1 in its upper, 2 and 3.
struct PhiloxPairs {
  Lanes64 first, second;
};

constexpr uint64_t kFirstFactor = 0xD2511F53, kThirdFactor = 0xCD9E8D57;
FOLDGATE_INLINE Lanes64 times_first(Lanes64 v) {
  return multiply_halves(v, broadcast_int<double>(static_cast<int64_t>(kFirstFactor)));
}
FOLDGATE_INLINE Lanes64 times_third(Lanes64 v) {
  return multiply_halves(v, broadcast_int<double>(static_cast<int64_t>(kThirdFactor)));
}

// What each round takes of a seed.
struct PhiloxKeys {
  uint64_t a[kPhiloxRounds], b[kPhiloxRounds];
};
FOLDGATE_INLINE PhiloxKeys philox_keys(uint64_t seed) {
  constexpr uint64_t kWeylA = 0x9E3779B9, kWeylB = 0xBB67AE85;
  PhiloxKeys keys;
  for (uint64_t r = 0; r < kPhiloxRounds; ++r) {
    keys.a[r] = seed + r * kWeylA;
    keys.b[r] = (seed >> 32) + r * kWeylB;
  }
  return keys;
}

// Whether n counters have one upper half, as those that philox() takes at once must: of the first two rounds, in which
// words 2 and 3 are still 0, half is then done with numbers.
FOLDGATE_INLINE bool share_upper_half(uint64_t first, uint64_t n) {
  return first >> 32 == (first + (n - 1)) >> 32;
}

// Two rounds: `low` is the first factor times the lower halves of the counters.
FOLDGATE_INLINE PhiloxWords first_rounds(uint64_t upper, UnsignedLanes64 low, const PhiloxKeys& keys) {
  const uint64_t word = (upper ^ keys.a[0]) & 0xffffffff, product = word * kFirstFactor;
  const Lanes64 high = times_third(upper_half((Lanes64)low) ^ static_cast<int64_t>(keys.b[0]));
  return {{upper_half(high) ^ static_cast<int64_t>(keys.a[1]), high,
           (Lanes64)(low ^ (product >> 32 ^ keys.b[1])),
           broadcast_int<double>(static_cast<int64_t>(product))}};
}
FOLDGATE_INLINE PhiloxWords middle_round(const PhiloxWords& w, const PhiloxKey& key) {
  const Lanes64 low = times_first(w.word[0]), high = times_third(w.word[2]);
  return {{upper_half(high) ^ w.word[1] ^ (Lanes64)key.a, high, upper_half(low) ^ w.word[3] ^ (Lanes64)key.b,
           low}};
}
// v, its lower halves with those of a and b.
FOLDGATE_INLINE Lanes64 xor_lower(Lanes64 v, Lanes64 a, Lanes64 b) {
#if defined(__AVX512F__)
  constexpr __mmask16 kLower = 0x5555;
  constexpr int kXor = 0x96;  // of three, by its table of truth
  return (Lanes64)_mm512_mask_ternarylogic_epi32((__m512i)v, kLower, (__m512i)a, (__m512i)b, kXor);
#else
  constexpr int64_t kHalf = 0xffffffff;
  return v ^ ((a ^ b) & kHalf);
#endif
}
// The same words in pairs: a product's halves are two of them, in the other order.
FOLDGATE_INLINE PhiloxPairs last_round(const PhiloxWords& w, const PhiloxKey& key) {
  const LaneIndices<float> halves;
  const Lanes64 low = times_first(w.word[0]), high = times_third(w.word[2]);
  return {xor_lower(swap_halves(high, halves), w.word[1], (Lanes64)key.a),
          xor_lower(swap_halves(low, halves), w.word[3], (Lanes64)key.b)};
}

// The counters of lanes: such that words_in_order() stays within 128 bits, which there are more pipes for.
template <int... I>
FOLDGATE_INLINE UnsignedLanes64 counter_of_lane(Indices<I...>) {
  return UnsignedLanes64{static_cast<uint64_t>(I % 2 * (kLanes<double> / 2) + I / 2)...};
}

// Pairs of the counters first, first + 1, ... (their upper 64 bits are 0) under a seed's keys. Vectors go in step, as a
// round waits for the one before it.
template <int Vectors>
FOLDGATE_INLINE void philox(const PhiloxKeys& keys, uint64_t first, PhiloxPairs (&pairs)[Vectors]) {
  const UnsignedLanes64 low =
      counter_of_lane(LaneIndices<double>()) * kFirstFactor + (first & 0xffffffff) * kFirstFactor;
  PhiloxWords words[Vectors];
  FOLDGATE_UNROLL
  for (int v = 0; v < Vectors; ++v)
    words[v] = first_rounds(first >> 32, low + v * kLanes<double> * kFirstFactor, keys);
  FOLDGATE_UNROLL  // so that nothing is moved between rounds
      for (int r = 2; r < kPhiloxRounds; ++r) {
    const PhiloxKey key{keys.a[r] - UnsignedLanes64{}, keys.b[r] - UnsignedLanes64{}};
    FOLDGATE_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      if (r + 1 < kPhiloxRounds)
        words[v] = middle_round(words[v], key);
      else
        pairs[v] = last_round(words[v], key);
    }
  }
}

// The same of one counter, whatever stands next to it.
FOLDGATE_INLINE void philox(const PhiloxKeys& keys, uint64_t counter, uint32_t* words) {
  uint32_t w[4] = {static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), 0, 0};
  for (int r = 0; r < kPhiloxRounds; ++r) {
    const uint64_t low = w[0] * kFirstFactor, high = w[2] * kThirdFactor;
    w[0] = static_cast<uint32_t>(high >> 32 ^ keys.a[r]) ^ w[1];
    w[2] = static_cast<uint32_t>(low >> 32 ^ keys.b[r]) ^ w[3];
    w[1] = static_cast<uint32_t>(high);
    w[3] = static_cast<uint32_t>(low);
  }
  __builtin_memcpy(words, w, sizeof w);
}

// The words in the order of their counters, four a counter: half of a vector's counters (Half 0), and the others.
template <int Half, int... I>
FOLDGATE_INLINE IntVec<float> words_in_order(const PhiloxPairs& pairs, Indices<I...>) {
  return (IntVec<float>)__builtin_shufflevector(pairs.first, pairs.second,
                                                (I - I % 2 + Half + I % 2 * kLanes<double>)...);
}
template <int Half>
FOLDGATE_INLINE IntVec<float> words_in_order(const PhiloxPairs& pairs) {
  return words_in_order<Half>(pairs, LaneIndices<double>());
}

}  // namespace foldgate::FOLDGATE_ISA
