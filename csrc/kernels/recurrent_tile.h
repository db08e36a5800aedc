// The register tile of a recurrent step: out[M rows][N vectors] = start + x kernel + h recurrent, over one panel.
//
// Sizes by registers: 6 x 4 (LSTM) or 8 x 3 (GRU) accumulators, N weights and one or two broadcasts fill 32; 3 x 4 or
// 4 x 3 with M broadcasts and one weight fill 16, and where no multiply-add is fused, 2 x 4 or 3 x 3 with a product: of
// 3 x 4 one sum would go through the stack at every term, at 12 cycles instead of 7. Every output element is one chain of fused multiply-adds in the order
// start, x by k, h by k, whatever the height of the tile: a row's result depends on no other row of the batch.
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

constexpr int panel_rows(int vectors) {
  const int wide[] = {14, 12, 8, 6}, narrow[] = {8, 6, 4, 3}, unfused[] = {8, 6, 3, 2};
  return (kRegisters >= 32 ? wide : kFusedMultiplyAdd ? narrow : unfused)[vectors - 1];
}

template <class T>
struct PanelTile {
  const T* start = nullptr;  // [row][width], start_step apart; 0: the biases, for all rows
  int64_t start_step = 0;
  const T* const* x = nullptr;  // a pointer a row
  const T* x_panel = nullptr;
  int64_t inputs = 0;    // 0: no product with x
  const T* h = nullptr;  // rows h_step apart
  int64_t h_step = 0;
  const T* h_panel = nullptr;
  int64_t units = 0;  // 0: no product with h
  const T* split_bias = nullptr;
  T* out = nullptr;
  int64_t out_step = 0;
  // Brought into L2 meanwhile, a line a term: shares of the panel that comes next; null: nothing.
  const T* next_x_panel = nullptr;
  const T* next_h_panel = nullptr;
};

// A tile of 5 x 4 reads 256 B of weights in 10 cycles, out of L2 as a panel is larger than L1, and the machine's own
// prefetch follows too closely: fetching kAhead terms ahead, some 90 cycles, makes tiles 8 to 14 % faster. Smaller tiles
// read all that L2 gives as it is.
constexpr int64_t kLine = 64, kAhead = 8;
constexpr bool fetches_ahead(int rows, int vectors) { return rows * vectors * 8 >= kRegisters * 5; }

template <class T, int N>
FOLDGATE_INLINE void fetch_ahead(const T* b) {
  constexpr int64_t kTerm = N * kLanes<T> * static_cast<int64_t>(sizeof(T));
  FOLDGATE_UNROLL
  for (int64_t line = 0; line < kTerm; line += kLine)
    __builtin_prefetch(reinterpret_cast<const char*>(b) + kAhead * kTerm + line, 0, 3);
}

template <class T, int M, int N>
FOLDGATE_INLINE void panel_multiply(Vec<T> (&sum)[M][N], const T* const (&a)[M], const T* b, int64_t depth,
                                    const T* next) {
  const int64_t next_step = next ? 64 / static_cast<int64_t>(sizeof(T)) : 0;
  if (!next) next = b;
#pragma GCC unroll 1
  for (int64_t k = 0; k < depth; ++k, b += N * kLanes<T>, next += next_step) {
    if constexpr (fetches_ahead(M, N)) fetch_ahead<T, N>(b);
    if constexpr (M >= 3) __builtin_prefetch(next, 0, 2);
    if constexpr (M * N + N < kRegisters) {
      Vec<T> weight[N];
      FOLDGATE_UNROLL
      for (int v = 0; v < N; ++v) weight[v] = load(b + v * kLanes<T>);
      FOLDGATE_UNROLL
      for (int i = 0; i < M; ++i) {
        const Vec<T> s = broadcast<T>(a[i][k]);
        FOLDGATE_UNROLL
        for (int v = 0; v < N; ++v) sum[i][v] += s * weight[v];
      }
    } else {
      Vec<T> s[M];
      FOLDGATE_UNROLL
      for (int i = 0; i < M; ++i) s[i] = broadcast<T>(a[i][k]);
      FOLDGATE_UNROLL
      for (int v = 0; v < N; ++v) {
        const Vec<T> weight = load(b + v * kLanes<T>);
        FOLDGATE_UNROLL
        for (int i = 0; i < M; ++i) sum[i][v] += s[i] * weight;
      }
    }
  }
}

// kSplit (GRU, reset_after): the last vector of x's part goes out as vector N and the sum begins again from split_bias,
// since r multiplies h's part alone.
template <int M, int N, bool kSplit, class T>
void panel_tile(const PanelTile<T>& t) {
  Vec<T> sum[M][N];
  FOLDGATE_UNROLL
  for (int i = 0; i < M; ++i) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) sum[i][v] = load(t.start + i * t.start_step + v * kLanes<T>);
  }
  const T* a[M];
  if (t.inputs) {
    FOLDGATE_UNROLL
    for (int i = 0; i < M; ++i) a[i] = t.x[i];
    panel_multiply<T, M, N>(sum, a, t.x_panel, t.inputs, t.next_x_panel);
  }
  if constexpr (kSplit) {
    const Vec<T> again = load(t.split_bias);
    FOLDGATE_UNROLL
    for (int i = 0; i < M; ++i) {
      store(t.out + i * t.out_step + N * kLanes<T>, sum[i][N - 1]);
      sum[i][N - 1] = again;
    }
  }
  if (t.units) {
    FOLDGATE_UNROLL
    for (int i = 0; i < M; ++i) a[i] = t.h + i * t.h_step;
    panel_multiply<T, M, N>(sum, a, t.h_panel, t.units, t.next_h_panel);
  }
  FOLDGATE_UNROLL
  for (int i = 0; i < M; ++i) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) store(t.out + i * t.out_step + v * kLanes<T>, sum[i][v]);
  }
}

template <class T, int N, bool kSplit, int... I>
FOLDGATE_INLINE void call_panel_tile(int rows, const PanelTile<T>& tile, Indices<I...>) {
  static constexpr void (*table[])(const PanelTile<T>&) = {panel_tile<I + 1, N, kSplit, T>...};
  table[rows - 1](tile);
}
template <class T, int N, bool kSplit>
FOLDGATE_INLINE void run_panel_tile(int64_t rows, const PanelTile<T>& tile) {
  call_panel_tile<T, N, kSplit>(static_cast<int>(rows), tile, typename MakeIndices<panel_rows(N)>::type());
}

// body(first, count) for n rows in tiles as even as they can be: 32 rows of at most 6 are 6 6 5 5 5 5.
template <int N, class Body>
FOLDGATE_INLINE void panel_row_blocks(int64_t n, Body body) {
  const int64_t blocks = (n + panel_rows(N) - 1) / panel_rows(N);
  for (int64_t i = 0, row = 0; i < blocks; ++i) {
    const int64_t end = n * (i + 1) / blocks;
    body(row, end - row);
    row = end;
  }
}

}  // namespace foldgate::FOLDGATE_ISA
