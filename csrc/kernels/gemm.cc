#include "kernels/gemm.h"

#include "kernels/gemv.h"
#include "kernels/pack.h"
#include "kernels/tile.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
using TileFunction = void (*)(const Tile<T>&, const Epilogue<T>&);

// The tiles of one width, by height.
template <class T, int N, int... I>
TileFunction<T> rows_of(int m, Indices<I...>) {
  static constexpr TileFunction<T> table[] = {tile_rows<I + 1, N, T>...};
  return table[m - 1];
}
template <class T, int N, int... I>
TileFunction<T> columns_of(int m, Indices<I...>) {
  static constexpr TileFunction<T> table[] = {tile_columns<I + 1, N, T>...};
  return table[m - 1];
}
template <int N>
using Heights = typename MakeIndices<kTileHeights[N - 1]>::type;

template <class T, int N = kTileVectors>
void call_rows(int m, int vectors, const Tile<T>& tile, const Epilogue<T>& epilogue) {
  if (vectors == N) return rows_of<T, N>(m, Heights<N>())(tile, epilogue);
  if constexpr (N > 1) call_rows<T, N - 1>(m, vectors, tile, epilogue);
}
template <int N>
using ColumnHeights = typename MakeIndices<kColumnHeights[N - 1]>::type;
template <class T, int N = kTileVectors>
void call_columns(int m, int vectors, const Tile<T>& tile, const Epilogue<T>& epilogue) {
  if (vectors == N) return columns_of<T, N>(m, ColumnHeights<N>())(tile, epilogue);
  if constexpr (N > 1) call_columns<T, N - 1>(m, vectors, tile, epilogue);
}

template <class T>
void bound(int m, const Tile<T>& tile, const Epilogue<T>& epilogue) {
  bound_rows<T>(m, tile.columns, epilogue, [&](int i) FOLDGATE_LAMBDA { return tile.c[i] + tile.c_offset; });
}
template <class T>
void rows(int m, int vectors, const Tile<T>& tile, const Epilogue<T>& epilogue) {
  call_rows<T>(m, vectors, tile, epilogue);
  bound<T>(m, tile, epilogue);
}
template <class T>
void columns(int m, int vectors, const Tile<T>& tile, const Epilogue<T>& epilogue) {
  call_columns<T>(m, vectors, tile, epilogue);
  bound<T>(m, tile, epilogue);
}

static_assert(kDotsColumns == 3, "the table below has as many rows");

template <class T, int... I>
void call_dots(int m, int n, const Tile<T>& tile, const Epilogue<T>& epilogue, Indices<I...>) {
  static constexpr TileFunction<T> table[kDotsColumns][kDotsRows] = {
      {tile_dots<I + 1, 1, T>...}, {tile_dots<I + 1, 2, T>...}, {tile_dots<I + 1, 3, T>...}};
  table[n - 1][m - 1](tile, epilogue);
}
template <class T>
void dots(int m, int n, const Tile<T>& tile, const Epilogue<T>& epilogue) {
  call_dots(m, n, tile, epilogue, typename MakeIndices<kDotsRows>::type());
  bound<T>(m, tile, epilogue);
}

// Panels of a row-major B are filled kPackRows rows at a time: few pages of B, each read along.
constexpr int64_t kPackRows = 16;

template <class T>
void pack_panels(const T* b, int64_t row_step, int64_t column_step, int64_t k, int64_t n, int64_t full,
                 T* panels) {
  auto width_at = [=](int64_t j) {
    const int64_t padded = (n - j + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
    return padded < full ? padded : full;
  };
  if (column_step == 1 && n < kLanes<T>) {
    for (int64_t i = 0; i < k; ++i) store(panels + i * kLanes<T>, load_part(b + i * row_step, n));
    return;
  }
  if (column_step == 1) {
    for (int64_t first = 0; first < k; first += kPackRows)
      for (int64_t j = 0; j < n; j += full)
        for (int64_t i = first; i < k && i < first + kPackRows; ++i) {
          const int64_t width = width_at(j);
          for (int64_t v = 0; v < width; v += kLanes<T>) {
            // the channels of planes lie pages apart
            __builtin_prefetch(b + (i + kPackRows) * row_step + j + v);
            store(panels + j * k + i * width + v, load(b + i * row_step + j + v, n - j - v));
          }
        }
    return;
  }
  for (int64_t j = 0; j < n; j += full) {
    const int64_t width = width_at(j), live = n - j < width ? n - j : width;
    const T* source = b + j * column_step;
    T* panel = panels + j * k;
    if (live < width) fill_zero(panel, k * width);
    if (row_step == 1)
      transpose_matrix(source, column_step, live, k, panel, width);
    else
      for (int64_t i = 0; i < k; ++i)
        for (int64_t l = 0; l < live; ++l) panel[i * width + l] = source[i * row_step + l * column_step];
  }
}

template <class T>
constexpr GemmKernels<T> table() {
  return {kLanes<T>,
          kTileVectors,
          {kTileHeights[0], kTileHeights[1], kTileHeights[2], kTileHeights[3]},
          {kColumnHeights[0], kColumnHeights[1], kColumnHeights[2], kColumnHeights[3]},
          kDotsRows,
          kDotsColumns,
          rows<T>,
          columns<T>,
          dots<T>,
          vector_matrix<T>,
          pack_panels<T>,
          transpose_matrix<T>};
}

}  // namespace

extern const GemmKernels<float> gemm_f32;
extern const GemmKernels<double> gemm_f64;
const GemmKernels<float> gemm_f32 = table<float>();
const GemmKernels<double> gemm_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
