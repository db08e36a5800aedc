#include "kernels/random.h"

#include "kernels/put.h"
#include "simd/philox.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

constexpr int kHalfLanes = kLanes<double>;

// The words of kRandomBlock values. Counters are in 64-bit lanes, four words each. One function for all kernels, most of
// whose code it is.
__attribute__((noinline)) void words_of(RandomStream stream, int64_t begin, uint32_t* words) {
  const uint64_t first = stream.offset + static_cast<uint64_t>(begin) / 4;
  for (int i = 0; i < kRandomBlock / 4; i += kPhiloxVectors * kHalfLanes) {
    PhiloxPairs some[kPhiloxVectors];
    philox(stream.seed, first + static_cast<uint64_t>(i), some);
    FOLDGATE_UNROLL
    for (int v = 0; v < kPhiloxVectors; ++v) store_words(words + 4 * (i + v * kHalfLanes), some[v]);
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
  alignas(64) uint32_t words[kRandomBlock];
  int64_t i = 0;
  for (; i + kRandomBlock <= n; i += kRandomBlock) {
    words_of(stream, begin + i, words);
    for (int j = 0; j < kRandomBlock; j += kLanes<T>) body(i + j, load_words(words + j, T()), kLanes<T>);
  }
  if (i == n) return;
  words_of(stream, begin + i, words);
  for (const uint32_t* word = words; i < n; i += kLanes<T>, word += kLanes<T>)
    body(i, load_words(word, T()), n - i);
}

template <class T>
void dropout(RandomStream stream, int64_t begin, uint32_t threshold, T scale, const T* x, int64_t n,
             Target<T> y) {
  each<T>(stream, begin, n, [=](int64_t i, IntVec<T> words, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(x + i);
    put<T>(y, i, below<T>(words, threshold) ? Vec<T>{} : load(x + i, left) * scale, left);
  });
}

FOLDGATE_INLINE Vec<float> fraction(IntVec<float> words) {
  typedef uint32_t Unsigned __attribute__((vector_size(kVectorBytes)));
  return __builtin_convertvector((IntVec<float>)((Unsigned)words >> 8), Vec<float>) * 0x1p-24f;
}
FOLDGATE_INLINE Vec<double> fraction(IntVec<double> words) {
  return __builtin_convertvector(words, Vec<double>) * 0x1p-32;
}

template <class T>
void uniform(RandomStream stream, int64_t begin, T low, T range, int64_t n, Target<T> y) {
  each<T>(stream, begin, n, [=](int64_t i, IntVec<T> words, int64_t left) FOLDGATE_LAMBDA {
    put<T>(y, i, fraction(words) * range + low, left);
  });
}

}  // namespace

extern const RandomKernels<float> random_f32;
extern const RandomKernels<double> random_f64;
const RandomKernels<float> random_f32{dropout<float>, uniform<float>};
const RandomKernels<double> random_f64{dropout<double>, uniform<double>};

}  // namespace foldgate::FOLDGATE_ISA
