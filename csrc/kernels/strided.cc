#include "kernels/strided.h"

#include "kernels/tile.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// M x N accumulators, N of B and a broadcast: 14 x 2 + 2 + 1, 9 x 3 + 3 + 1 and 6 x 4 + 4 + 1 of 32 registers,
// 6 x 2 + 2 + 1, 4 x 3 + 3 + 1 and 2 x 4 + 4 + 1 of 16.
constexpr bool kManyRegisters = kRegisters >= 32;
constexpr int kStridedHeights[kMaxStridedVectors] = {kManyRegisters ? 14 : 10, kManyRegisters ? 14 : 6,
                                                     kManyRegisters ? 9 : 4, kManyRegisters ? 6 : 2};

// Rows 0 .. 14 from three addresses and two steps: base + {0, 1, 2, 3, 4} steps are what x86-64 can address at once.
struct EvenRows {
  const char *first, *fifth, *tenth;
  int64_t step, thrice;
};

template <class T>
FOLDGATE_INLINE T element(const EvenRows& rows, int i) {
  const char* p = i < 5 ? rows.first : i < 10 ? rows.fifth : rows.tenth;
  const int within = i % 5;
  p += within == 3 ? rows.thrice : within * rows.step;
  T value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}

template <class T, int M, int N>
FOLDGATE_INLINE void fetch_rows(const T* c, int64_t step) {
  FOLDGATE_UNROLL
  for (int i = 0; i < M; ++i) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) __builtin_prefetch(c + i * step + v * kLanes<T>, 1);
  }
}

// The upper bound of relu6 where the whole tile is in registers and nothing is added to it any more: sums are short where
// images are large, and to read the rows again takes up to a quarter of their time.
template <class T, int M, int N>
FOLDGATE_INLINE void bound_sums(Accumulators<T, M, N>& sum, int columns, const Epilogue<T>& epilogue) {
  if (epilogue.relu != kRectifyToSix || columns != N * kLanes<T>) return;
  const Vec<T> limit = broadcast<T>(T(6));
  FOLDGATE_UNROLL
  for (int i = 0; i < M; ++i) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) sum[i][v] = minimum(limit, sum[i][v]);
  }
}

}  // namespace

// T comes last, as in tile.h, and not in the nameless namespace, whose functions have no sections for the linker to sort.
template <int M, int N, class T>
void tile_strided(const StridedTile<T>& tile, const Epilogue<T>& epilogue) {
  Accumulators<T, M, N> sum;
  start<T, M, N>(sum, tile.columns, epilogue);
  if (tile.next_c) fetch_rows<T, M, N>(tile.next_c, tile.c_step);
  const T* b = tile.b;
  const int64_t step = tile.a_step * static_cast<int64_t>(sizeof(T));
  for (int64_t s = 0; s < tile.segments; ++s) {
    const char* a = reinterpret_cast<const char*>(tile.a + tile.shifts[s]);
    EvenRows rows{a, a + 5 * step, a + 10 * step, step, 3 * step};
    for (int64_t k = 0; k < tile.length; ++k, b += N * kLanes<T>) {
      multiply_add<T, M, N>(sum, b, [&](int i) FOLDGATE_LAMBDA { return element<T>(rows, i); });
      rows.first += sizeof(T), rows.fifth += sizeof(T), rows.tenth += sizeof(T);
    }
  }
  bound_sums<T, M, N>(sum, tile.columns, epilogue);
  finish_rows<T, M, N>(
      sum, tile.columns, [&](int i) FOLDGATE_LAMBDA { return tile.c + i * tile.c_step; }, epilogue);
}

namespace {

template <class T, int N, int... I>
void call(int m, const StridedTile<T>& tile, const Epilogue<T>& epilogue, Indices<I...>) {
  static constexpr void (*kTiles[])(const StridedTile<T>&,
                                    const Epilogue<T>&) = {tile_strided<I + 1, N, T>...};
  kTiles[m - 1](tile, epilogue);
}
template <class T, int N = kMaxStridedVectors>
void call_strided(int m, int vectors, const StridedTile<T>& tile, const Epilogue<T>& epilogue) {
  if (vectors == N)
    return call<T, N>(m, tile, epilogue, typename MakeIndices<kStridedHeights[N - 1]>::type());
  if constexpr (N > 1) call_strided<T, N - 1>(m, vectors, tile, epilogue);
}

template <class T>
void strided(int m, int vectors, const StridedTile<T>& tile, const Epilogue<T>& epilogue) {
  call_strided<T>(m, vectors, tile, epilogue);
  if (tile.columns != vectors * kLanes<T>)
    bound_rows<T>(m, tile.columns, epilogue, [&](int i) FOLDGATE_LAMBDA { return tile.c + i * tile.c_step; });
}

template <class T>
constexpr StridedKernels<T> table() {
  return {kMaxStridedVectors,
          {kStridedHeights[0], kStridedHeights[1], kStridedHeights[2], kStridedHeights[3]},
          strided<T>};
}

}  // namespace

extern const StridedKernels<float> strided_f32;
extern const StridedKernels<double> strided_f64;
const StridedKernels<float> strided_f32 = table<float>();
const StridedKernels<double> strided_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
