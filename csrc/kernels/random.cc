#include "kernels/random.h"

#include "simd/fetch.h"
#include "simd/philox.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

constexpr int kHalfLanes = kLanes<double>;

// The words of kRandomBlock values. Counters are in 64-bit lanes, four words each. One function for all kernels, most of
// whose code it is.
__attribute__((noinline)) void words_of(RandomStream stream, int64_t begin, uint32_t* words) {
  const uint64_t first = stream.offset + static_cast<uint64_t>(begin) / 4;
  for (int i = 0; i < kRandomBlock / 4; i += kPhiloxVectors * kHalfLanes) {
    PhiloxWords some[kPhiloxVectors];
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

template <class T>
void dropout(RandomStream stream, int64_t begin, uint32_t threshold, T scale, const T* x, int64_t n, T* y) {
  alignas(64) uint32_t words[kRandomBlock];
  for (int64_t block = 0; block < n; block += kRandomBlock) {
    words_of(stream, begin + block, words);
    for (int64_t j = 0; j < kRandomBlock && block + j < n; j += kLanes<T>) {
      const int64_t i = block + j;
      fetch_stream(x + i);
      fetch_stream(y + i);
      const IntVec<T> dropped = below<T>(load_words(words + j, T()), threshold);
      store(y + i, dropped ? Vec<T>{} : load(x + i, n - i) * scale, n - i);
    }
  }
}

FOLDGATE_INLINE Vec<float> fraction(IntVec<float> words) {
  return __builtin_convertvector((words >> 8) & 0xffffff, Vec<float>) * 0x1p-24f;
}
FOLDGATE_INLINE Vec<double> fraction(IntVec<double> words) {
  return __builtin_convertvector(words, Vec<double>) * 0x1p-32;
}

template <class T>
void uniform(RandomStream stream, int64_t begin, T low, T range, int64_t n, T* y) {
  alignas(64) uint32_t words[kRandomBlock];
  for (int64_t block = 0; block < n; block += kRandomBlock) {
    words_of(stream, begin + block, words);
    for (int64_t j = 0; j < kRandomBlock && block + j < n; j += kLanes<T>) {
      fetch_stream(y + block + j);
      store(y + block + j, fraction(load_words(words + j, T())) * range + low, n - block - j);
    }
  }
}

}  // namespace

extern const RandomKernels<float> random_f32;
extern const RandomKernels<double> random_f64;
const RandomKernels<float> random_f32{dropout<float>, uniform<float>};
const RandomKernels<double> random_f64{dropout<double>, uniform<double>};

}  // namespace foldgate::FOLDGATE_ISA
