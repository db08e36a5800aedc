// The register tiles under everything dense: C = epilogue(sum over segments s and k < length of A(s, i, k) B[s][k][j]).
// A segment is a stretch of the inner dimension whose A is contiguous or evenly strided: the whole of K in a matrix
// product, one tap (or one kernel row) in a convolution. Outputs are row pointers, so scattered rows cost nothing.
#pragma once
#include <cstdint>

#include "kernels/activation.h"

namespace foldgate {

constexpr int kRowPointers = 16;  // pointers a segment: room for the tallest tile, whole vectors of pointers

template <class T>
struct Tile {
  int64_t segments = 1;
  int64_t length = 0;  // terms of k in a segment
  const T* const* a =
      nullptr;           // rows, dots: a[s * kRowPointers + i], k contiguous; columns: a[s], rows contiguous
  int64_t a_offset = 0;  // rows: added to every row pointer
  int64_t a_step = 0;    // columns: from k to k + 1
  const T* const* b = nullptr;  // rows, columns: b[s], first row of B of the segment; dots: [column][k]
  int64_t b_step = 0;           // rows, columns: from k to k + 1; dots: from column to column
  T* const* c = nullptr;        // output rows
  int64_t c_offset = 0;         // added to every output row
  int columns = 0;              // live ones; B must be readable to whole vectors
  // rows: what comes into L2 meanwhile, a line a term: (s, k) fetches fetch + s * fetch_segment + k * fetch_step. It is
  // never read, so it may lie beyond what there is; null: nothing.
  const T* fetch = nullptr;
  int64_t fetch_segment = 0, fetch_step = 0;
  // rows: takes B as it is read, [segments * length][whole vectors], for the tiles that follow; null: nothing. Only of tiles
  // as packs() says.
  T* packed = nullptr;
};

// What happens to a finished tile: C = f(C + sum + bias), each part if asked for.
template <class T>
struct Epilogue {
  const T* bias = nullptr;  // of the tile's first column; null: none
  bool accumulate = false;
  Rectifier relu = kNoRectifier;
  const T* row_bias = nullptr;  // rows, columns: a bias of rows instead, of the tile's first one
};

constexpr int kMaxTileVectors = 4;

template <class T>
struct GemmKernels {
  int lanes;
  int tile_vectors;                     // widest tile of rows() and columns()
  int tile_heights[kMaxTileVectors];    // tallest tile of 1, 2, ... vectors
  int column_heights[kMaxTileVectors];  // of columns(): at least as tall
  int dots_rows, dots_columns;          // tallest and widest of dots()

  // A by row pointers: row-major matrices, channels_last pixels. 1 <= vectors <= tile_vectors and
  // 1 <= m <= tile_heights[vectors - 1].
  void (*rows)(int m, int vectors, const Tile<T>&, const Epilogue<T>&);
  // A with contiguous rows: packed A, transposed A, weight gradients. 1 <= m <= column_heights[vectors - 1].
  void (*columns)(int m, int vectors, const Tile<T>&, const Epilogue<T>&);
  // Few columns: vectors run along k instead. 1 <= m <= dots_rows, 1 <= n <= dots_columns.
  void (*dots)(int m, int n, const Tile<T>&, const Epilogue<T>&);
  // One row of A times a row-major B that is read once, in place: c[j] = f(bias[j] + sum of a[k * a_step] B[k][j]),
  // f as by relu_limit().
  void (*vector_matrix)(const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t k, int64_t n,
                        const T* bias, T limit, T* c);

  // Packs B[k][n], element (k, j) at b[k * row_step + j * column_step], into panels of `width` columns (the last one
  // of as many whole vectors as it needs), each [k][width], zeros beyond column n. Panel i starts at i * width * k.
  void (*pack_panels)(const T* b, int64_t row_step, int64_t column_step, int64_t k, int64_t n, int64_t width,
                      T* panels);
  // target[c * target_step + r] = source[r * source_step + c]
  void (*transpose)(const T* source, int64_t source_step, int64_t rows, int64_t columns, T* target,
                    int64_t target_step);
};

// Whether tiles of so many vectors pack B for those that follow (Tile::packed): the widest, half as tall as the tallest at
// least, as every tile of an EvenSplit in two and more is.
template <class T>
bool packs(const GemmKernels<T>& g, int64_t vectors) {
  return vectors == g.tile_vectors;
}

// How n columns are cut into panels, and rows into tiles: the panels are as even as whole vectors allow (5 vectors are
// 3 + 2, not 4 + 1), and the tile is the tallest of the full panels' width.
struct PanelShape {
  int64_t width;  // of every panel but the last
  int64_t rows;   // tallest tile
};
template <class T>
PanelShape panel_shape(const GemmKernels<T>& g, int64_t n) {
  const int64_t vectors = n > 0 ? (n + g.lanes - 1) / g.lanes : 1;
  const int64_t panels = (vectors + g.tile_vectors - 1) / g.tile_vectors;
  const int64_t each = (vectors + panels - 1) / panels;
  return {each * g.lanes, g.tile_heights[each - 1]};
}
// The same for columns() over a packed A: at most two vectors wide, where its tiles are tallest.
template <class T>
PanelShape tall_shape(const GemmKernels<T>& g, int64_t n) {
  const int vectors = n <= g.lanes || g.tile_vectors < 2 ? 1 : 2;
  return {int64_t{vectors} * g.lanes, g.column_heights[vectors - 1]};
}
// The widest panels, for operands that are packed once and meet products of several widths.
template <class T>
PanelShape widest_panels(const GemmKernels<T>& g) {
  return {int64_t{g.tile_vectors} * g.lanes, g.tile_heights[g.tile_vectors - 1]};
}
// Width of the panel that starts `left` columns before the end.
template <class T>
int64_t panel_width(const GemmKernels<T>& g, const PanelShape& shape, int64_t left) {
  const int64_t padded = (left + g.lanes - 1) / g.lanes * g.lanes;
  return padded < shape.width ? padded : shape.width;
}
// Width of all panels together.
template <class T>
int64_t padded_columns(const GemmKernels<T>& g, int64_t n) {
  return (n + g.lanes - 1) / g.lanes * g.lanes;
}

// m rows in tiles as even as they can be: 13 rows are 4 + 4 + 5 rather than 6 + 6 + 1. Divides once: loops over tiles ask
// where each begins.
struct EvenSplit {
  EvenSplit(int64_t total_, int64_t largest)
      : total(total_),
        parts(quotient(total_ + largest - 1, largest)),
        least_(parts > 0 ? quotient(total_, parts) : 0),
        lesser_(parts - (total_ - least_ * parts)) {}
  int64_t begin(int64_t part) const { return part * least_ + (part > lesser_ ? part - lesser_ : 0); }
  int64_t size(int64_t part) const { return least_ + (part >= lesser_ ? 1 : 0); }
  int64_t total, parts;

 private:
  // As core/divide.h: small calls are full of it.
  static constexpr int64_t quotient(int64_t a, int64_t b) {
    return ((a | b) >> 32) == 0 ? int64_t{static_cast<uint32_t>(a) / static_cast<uint32_t>(b)} : a / b;
  }
  int64_t least_, lesser_;  // rows of the first tiles, and how many those are; the others have one more
};

}  // namespace foldgate
