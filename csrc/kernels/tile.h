// Bodies of the register tiles of gemm.h. Every output element is one chain of fused multiply-adds in the order of
// (segment, k), whatever the height of the tile that holds it, so results do not depend on how rows were split.
#pragma once
#include "kernels/gemm.h"
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

// M x N vectors of accumulators, N of B and a broadcast: 6 x 4 + 4 + 1 and 8 x 3 + 3 + 1 of 32 registers, 6 x 2 + 2 + 1
// of 16. Taller narrow tiles would fit, but a row pointer a row does not: beyond ten, x86-64 runs out of its 16 address
// registers and reloads them in the loop (14 x 2 reaches 90 % of the peak where 6 x 4 reaches 98 %). Eight chains and
// more hide the latency of the multiply-add, two a cycle for four cycles.
constexpr int kTileVectors = kRegisters >= 32 ? 4 : 2;
constexpr int kTileHeights[kMaxTileVectors] = {kRegisters >= 32 ? 10 : 6, kRegisters >= 32 ? 10 : 6, 8, 6};
// Columns have one pointer for all rows: 14 x 2 + 2 + 1 of 32 registers, which reads the least per multiply-add.
constexpr int kColumnHeights[kMaxTileVectors] = {kRegisters >= 32 ? 14 : 6, kRegisters >= 32 ? 14 : 6, 8, 6};
constexpr int kDotsRows = kRegisters >= 32 ? 8 : 4;
constexpr int kDotsColumns = 3;

// Tiles that may pack B, see packs() of gemm.h: the others are left out for their size.
constexpr bool packs(int m, int vectors) {
  return vectors == kTileVectors && 2 * m >= kTileHeights[vectors - 1];
}

template <class T, int M, int N>
using Accumulators = Vec<T>[M][N];

// Full-width tiles start from the bias, so that most of them end in plain stores.
template <class T, int M, int N>
FOLDGATE_INLINE void start(Accumulators<T, M, N>& sum, int columns, const Epilogue<T>& epilogue) {
  Vec<T> bias[N] = {};
  if (epilogue.bias && columns == N * kLanes<T>) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) bias[v] = load(epilogue.bias + v * kLanes<T>);
  }
  FOLDGATE_UNROLL
  for (int i = 0; i < M; ++i) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) sum[i][v] = bias[v];
  }
  if (!epilogue.row_bias) return;
  FOLDGATE_UNROLL
  for (int i = 0; i < M; ++i) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) sum[i][v] = broadcast<T>(epilogue.row_bias[i]);
  }
}

// The ragged right edge: vector by vector, the last one masked. The loops stay loops, over a copy of the sums in memory:
// unrolled, the masks of all M x N vectors were two thirds of the tiles' code. row(i) is where output row i begins.
template <class T, int M, int N, class Row>
FOLDGATE_INLINE void finish_ragged(Accumulators<T, M, N>& sum, int columns, Row row,
                                   const Epilogue<T>& epilogue) {
  Accumulators<T, M, N> stored;
  FOLDGATE_UNROLL
  for (int i = 0; i < M; ++i) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) stored[i][v] = sum[i][v];
  }
  FOLDGATE_KEEP_LOOP
  for (int v = 0; v * kLanes<T> < columns; ++v) {
    const int64_t j = v * kLanes<T>, live = columns - j;
    const Vec<T> bias = epilogue.bias ? load(epilogue.bias + j, live) : Vec<T>{};
    FOLDGATE_KEEP_LOOP
    for (int i = 0; i < M; ++i) {
      T* c = row(i) + j;
      Vec<T> x = stored[i][v] + bias;
      if (epilogue.accumulate) x += load(c, live);
      if (epilogue.relu) x = maximum(Vec<T>{}, x);
      store(c, x, live);
    }
  }
}

template <class T, int M, int N, class Row>
FOLDGATE_INLINE void finish_rows(Accumulators<T, M, N>& sum, int columns, Row row,
                                 const Epilogue<T>& epilogue) {
  if (columns != N * kLanes<T>) return finish_ragged<T, M, N>(sum, columns, row, epilogue);
  if (epilogue.accumulate) {
    FOLDGATE_UNROLL
    for (int i = 0; i < M; ++i) {
      FOLDGATE_UNROLL
      for (int v = 0; v < N; ++v) sum[i][v] += load(row(i) + v * kLanes<T>);
    }
  }
  if (epilogue.relu) {
    FOLDGATE_UNROLL
    for (int i = 0; i < M; ++i) {
      FOLDGATE_UNROLL
      for (int v = 0; v < N; ++v) sum[i][v] = maximum(Vec<T>{}, sum[i][v]);
    }
  }
  FOLDGATE_UNROLL
  for (int i = 0; i < M; ++i) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) store(row(i) + v * kLanes<T>, sum[i][v]);
  }
}

// The upper bound of relu6, on stored rows while they are in L1: among the registers of every tile its code would be 60 KB
// of all tiers, and no faster where sums are long.
template <class T, class Row>
FOLDGATE_INLINE void bound_rows(int m, int columns, const Epilogue<T>& epilogue, Row row) {
  if (epilogue.relu != kRectifyToSix) return;
  const Vec<T> limit = broadcast<T>(T(6));
  FOLDGATE_KEEP_LOOP
  for (int i = 0; i < m; ++i) {
    T* c = row(i);
    FOLDGATE_KEEP_LOOP
    for (int64_t j = 0; j < columns; j += kLanes<T>)
      store(c + j, minimum(limit, load(c + j, columns - j)), columns - j);
  }
}

template <class T, int M, int N>
FOLDGATE_INLINE void finish(Accumulators<T, M, N>& sum, const Tile<T>& tile, const Epilogue<T>& epilogue) {
  finish_rows<T, M, N>(
      sum, tile.columns, [&](int i) FOLDGATE_LAMBDA { return tile.c[i] + tile.c_offset; }, epilogue);
}

// One term of k: N vectors of B, kept by `packed` if it packs, against M broadcasts of A.
template <class T, int M, int N, bool kPacks = false, class Element>
FOLDGATE_INLINE void multiply_add(Accumulators<T, M, N>& sum, const T* b, Element a, T* packed = nullptr) {
  Vec<T> row[N];
  FOLDGATE_UNROLL
  for (int v = 0; v < N; ++v) row[v] = load(b + v * kLanes<T>);
  if constexpr (kPacks) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) store(packed + v * kLanes<T>, row[v]);
  }
  if constexpr (M == 2 || M == 3) {  // gcc would read B again for each of so few rows
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) hold<T>(row[v]);
  }
  FOLDGATE_UNROLL
  for (int i = 0; i < M; ++i) {
    const Vec<T> s = broadcast<T>(a(i));
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) sum[i][v] += s * row[v];
  }
}

template <class T, int M, int N, bool kPacks>
FOLDGATE_INLINE void add_segment(Accumulators<T, M, N>& sum, const Tile<T>& tile, int64_t s) {
  const T* a[M];
  const T* b = tile.b[s];
  const T* fetch = tile.fetch ? tile.fetch + s * tile.fetch_segment : b;
  T* packed = kPacks ? tile.packed + s * tile.length * N * kLanes<T> : nullptr;
  FOLDGATE_UNROLL
  for (int i = 0; i < M; ++i) a[i] = tile.a[s * kRowPointers + i] + tile.a_offset;
  for (int64_t k = 0; k < tile.length; ++k, b += tile.b_step, fetch += tile.fetch_step) {
    __builtin_prefetch(fetch, 0, 2);
    multiply_add<T, M, N, kPacks>(sum, b, [&](int i) FOLDGATE_LAMBDA { return a[i][k]; }, packed);
    if (kPacks) packed += N * kLanes<T>;
  }
}

// The types come last in the tiles' names, by which the linker sorts them (CMakeLists.txt): a float's tile beside the
// double's, whose code is all but the same, takes little of the wheel.
template <int M, int N, class T>
void tile_rows(const Tile<T>& tile, const Epilogue<T>& epilogue) {
  Accumulators<T, M, N> sum;
  start<T, M, N>(sum, tile.columns, epilogue);
  for (int64_t s = 0; s < tile.segments; ++s) {
    if constexpr (packs(M, N)) {
      if (tile.packed) {
        add_segment<T, M, N, true>(sum, tile, s);
        continue;
      }
    }
    add_segment<T, M, N, false>(sum, tile, s);
  }
  finish<T, M, N>(sum, tile, epilogue);
}

template <int M, int N, class T>
void tile_columns(const Tile<T>& tile, const Epilogue<T>& epilogue) {
  Accumulators<T, M, N> sum;
  start<T, M, N>(sum, tile.columns, epilogue);
  for (int64_t s = 0; s < tile.segments; ++s) {
    const T* a = tile.a[s];
    const T* b = tile.b[s];
    for (int64_t k = 0; k < tile.length; ++k, a += tile.a_step, b += tile.b_step)
      multiply_add<T, M, N>(sum, b, [&](int i) FOLDGATE_LAMBDA { return a[i]; });
  }
  finish<T, M, N>(sum, tile, epilogue);
}

// C[i][j] = sum of a[s][i][k] * b[s][j][k], the vector along k.
template <int M, int N, class T>
void tile_dots(const Tile<T>& tile, const Epilogue<T>& epilogue) {
  Accumulators<T, M, N> sum = {};
  for (int64_t s = 0; s < tile.segments; ++s) {
    const T* a[M];
    FOLDGATE_UNROLL
    for (int i = 0; i < M; ++i) a[i] = tile.a[s * kRowPointers + i] + tile.a_offset;
    auto step = [&](int64_t k, auto read) FOLDGATE_LAMBDA {
      Vec<T> b[N];
      FOLDGATE_UNROLL
      for (int j = 0; j < N; ++j) b[j] = read(tile.b[s] + j * tile.b_step + k);
      FOLDGATE_UNROLL
      for (int i = 0; i < M; ++i) {
        Vec<T> x = read(a[i] + k);
        if constexpr (N > 1 && kRegisters >= 32) hold<T>(x);
        FOLDGATE_UNROLL
        for (int j = 0; j < N; ++j) sum[i][j] += x * b[j];
      }
    };
    int64_t k = 0;
    for (; k + kLanes<T> <= tile.length; k += kLanes<T>)
      step(k, [](const T* p) FOLDGATE_LAMBDA { return load(p); });
    const int64_t left = tile.length - k;
    if (left > 0) step(k, [left](const T* p) FOLDGATE_LAMBDA { return load_part(p, left); });
  }
  for (int i = 0; i < M; ++i)
    for (int j = 0; j < N; ++j) {
      T* c = tile.c[i] + tile.c_offset + j;
      T x = foldgate::FOLDGATE_ISA::sum(sum[i][j]);
      if (epilogue.bias) x += epilogue.bias[j];
      if (epilogue.accumulate) x += *c;
      *c = epilogue.relu && x <= 0 ? T(0) : x;
    }
}

}  // namespace foldgate::FOLDGATE_ISA
