#include "kernels/random.h"

#include "kernels/put.h"
#include "simd/philox.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// Counters of a vector, and their words.
constexpr int kVectorCounters = kLanes<double>, kVectorWords = kVectorCounters * kCounterWords;
// Vectors in step: some more than registers hold, and more where no stores of words come between.
constexpr int kInStep = kRegisters == 32 ? 8 : 4, kStoredInStep = kRegisters == 32 ? 5 : 4;
constexpr int kGroup = kInStep * kVectorWords, kStoredGroup = kStoredInStep * kVectorWords;

FOLDGATE_INLINE uint64_t counter(RandomStream stream, int64_t value) {
  return stream.offset + static_cast<uint64_t>(value) / kCounterWords;
}

// One function for most kernels, most of whose code it is.
__attribute__((noinline)) void words_of(const PhiloxKeys& keys, uint64_t first, uint32_t* words) {
  constexpr int kCounters = kStoredInStep * kVectorCounters;
  if (!share_upper_half(first, kCounters)) {
    for (int c = 0; c < kCounters; ++c) philox(keys, first + c, words + c * kCounterWords);
    return;
  }
  PhiloxPairs some[kStoredInStep];
  philox(keys, first, some);
  FOLDGATE_UNROLL
  for (int v = 0; v < kStoredInStep; ++v, words += kVectorWords) {
    const IntVec<float> halves[] = {words_in_order<0>(some[v]), words_in_order<1>(some[v])};
    __builtin_memcpy(words, halves, sizeof halves);
  }
}

FOLDGATE_INLINE IntVec<float> load_words(const uint32_t* p, float) {
  IntVec<float> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
FOLDGATE_INLINE IntVec<double> load_words(const uint32_t* p, double) {
  typedef uint32_t Half __attribute__((vector_size(kVectorBytes / 2)));
  Half half;
  __builtin_memcpy(&half, p, sizeof half);
  return __builtin_convertvector(half, IntVec<double>);
}

// Comparisons are signed: of 32-bit words whose sign is turned, and of 64-bit lanes that hold them as they are.
template <class T>
FOLDGATE_INLINE IntVec<T> below(IntVec<T> words, uint32_t threshold) {
  using Int = typename VecTraits<T>::Int;
  if constexpr (sizeof(T) == 8) return words < broadcast_int<T>(static_cast<Int>(threshold));
  constexpr uint32_t kSign = 0x80000000u;
  return (words ^ static_cast<Int>(kSign)) < broadcast_int<T>(static_cast<Int>(threshold ^ kSign));
}

// body(i, words, left) for every vector of n values: `left` of them from i on, more than a vector's for all but the last.
template <class T, class Body>
FOLDGATE_INLINE void each(RandomStream stream, int64_t begin, int64_t n, Body body) {
  alignas(64) uint32_t words[kStoredGroup];
  const PhiloxKeys keys = philox_keys(stream.seed);
  for (int64_t i = 0; i < n;) {
    words_of(keys, counter(stream, begin + i), words);
    for (const uint32_t* word = words; i < n && word < words + kStoredGroup;
         i += kLanes<T>, word += kLanes<T>)
      body(i, load_words(word, T()), n - i);
  }
}

template <class T>
void dropout(RandomStream stream, int64_t begin, uint32_t threshold, T scale, const T* x, int64_t n,
             Target<T> y) {
  each<T>(stream, begin, n, [=](int64_t i, IntVec<T> words, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(x + i);
    put<T>(y, i, below<T>(words, threshold) ? Vec<T>{} : load(x + i, left) * scale, left);
  });
}

// The upper 24 bits of words, in units of kUpperUnit.
typedef uint32_t UnsignedLanes32 __attribute__((vector_size(kVectorBytes)));
#if defined(__AVX512F__)  // which converts unsigned words, and shifts on half as many pipes as it masks
constexpr float kUpperUnit = 0x1p-32f;
FOLDGATE_INLINE Vec<float> upper_bits(IntVec<float> words) {
  return __builtin_convertvector((UnsignedLanes32)words & 0xffffff00u, Vec<float>);
}
#else
constexpr float kUpperUnit = 0x1p-24f;
FOLDGATE_INLINE Vec<float> upper_bits(IntVec<float> words) {
  return __builtin_convertvector((IntVec<float>)((UnsignedLanes32)words >> 8), Vec<float>);
}
#endif

FOLDGATE_INLINE Vec<float> fraction(IntVec<float> words) { return upper_bits(words) * kUpperUnit; }
FOLDGATE_INLINE Vec<double> fraction(IntVec<double> words) {
  return __builtin_convertvector(words, Vec<double>) * 0x1p-32;
}

template <class T>
void uniform(RandomStream stream, int64_t begin, T low, T range, int64_t n, Target<T> y) {
  each<T>(stream, begin, n, [=](int64_t i, IntVec<T> words, int64_t left) FOLDGATE_LAMBDA {
    put<T>(y, i, fraction(words) * range + low, left);
  });
}

// Whole groups by words in registers, which by way of memory would be as many stores again. Where the unit's part of the
// range is normal, the product is what the fraction's would be.
void uniform_float(RandomStream stream, int64_t begin, float low, float range, int64_t n, Target<float> y) {
  constexpr float kSmallestNormal = 0x1p-126f;
  const float scale = range * kUpperUnit;
  const int64_t whole = scale >= kSmallestNormal ? n / kGroup * kGroup : 0;
  const PhiloxKeys keys = philox_keys(stream.seed);
  for (int64_t i = 0; i < whole; i += kGroup) {
    const uint64_t first = counter(stream, begin + i);
    if (!share_upper_half(first, kInStep * kVectorCounters)) {
      uniform<float>(stream, begin + i, low, range, kGroup, y + i);
      continue;
    }
    PhiloxPairs some[kInStep];
    philox(keys, first, some);
    FOLDGATE_UNROLL
    for (int v = 0; v < kInStep; ++v) {
      const int64_t at = i + 2 * v * kLanes<float>;
      put<float>(y, at, upper_bits(words_in_order<0>(some[v])) * scale + low, kLanes<float>);
      put<float>(y, at + kLanes<float>, upper_bits(words_in_order<1>(some[v])) * scale + low, kLanes<float>);
    }
  }
  uniform<float>(stream, begin + whole, low, range, n - whole, y + whole);
}

}  // namespace

extern const RandomKernels<float> random_f32;
extern const RandomKernels<double> random_f64;
const RandomKernels<float> random_f32{dropout<float>, uniform_float};
const RandomKernels<double> random_f64{dropout<double>, uniform<double>};

}  // namespace foldgate::FOLDGATE_ISA
