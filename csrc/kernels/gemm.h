// The register tiles under everything dense: C = epilogue(sum over segments s and k < length of A(s, i, k) B[s][k][j]).
// A segment is a stretch of the inner dimension whose A is contiguous or evenly strided: the whole of K in a matrix
// product, one tap (or one kernel row) in a convolution. Outputs are row pointers, so scattered rows cost nothing.
#pragma once
#include <cstdint>

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
};

// What happens to a finished tile: C = relu(C + sum + bias), each part if asked for.
template <class T>
struct Epilogue {
  const T* bias = nullptr;  // of the tile's first column; null: none
  bool accumulate = false;
  bool relu = false;
};

template <class T>
struct GemmKernels {
  int lanes;
  int tile_rows, tile_vectors;  // tallest tile of rows() and columns(), widest in vectors
  int dots_rows, dots_columns;  // tallest and widest of dots()

  // A by row pointers: row-major matrices, channels_last pixels. 1 <= m <= tile_rows, 1 <= vectors <= tile_vectors.
  void (*rows)(int m, int vectors, const Tile<T>&, const Epilogue<T>&);
  // A with contiguous rows: packed A, transposed A, weight gradients.
  void (*columns)(int m, int vectors, const Tile<T>&, const Epilogue<T>&);
  // Few columns: vectors run along k instead. 1 <= m <= dots_rows, 1 <= n <= dots_columns.
  void (*dots)(int m, int n, const Tile<T>&, const Epilogue<T>&);
  // One row of A times a row-major B that is read once, in place: c[j] = relu(bias[j] + sum of a[k * a_step] B[k][j]).
  void (*vector_matrix)(const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t k, int64_t n,
                        const T* bias, bool relu, T* c);

  // Packs B[k][n], element (k, j) at b[k * row_step + j * column_step], into panels of tile_vectors vectors (the last
  // one narrower when that is enough), each [k][width], zeros beyond column n. Panel j starts at j * width * k.
  void (*pack_panels)(const T* b, int64_t row_step, int64_t column_step, int64_t k, int64_t n, T* panels);
  // target[c * target_step + r] = source[r * source_step + c]
  void (*transpose)(const T* source, int64_t source_step, int64_t rows, int64_t columns, T* target,
                    int64_t target_step);
};

// Width of the panel that starts `left` columns before the end, and of all panels together.
template <class T>
int64_t panel_width(const GemmKernels<T>& g, int64_t left) {
  const int64_t vectors = (left + g.lanes - 1) / g.lanes;
  return (vectors < g.tile_vectors ? vectors : g.tile_vectors) * g.lanes;
}
template <class T>
int64_t padded_columns(const GemmKernels<T>& g, int64_t n) {
  return (n + g.lanes - 1) / g.lanes * g.lanes;
}

// m rows in tiles as even as they can be: 49 rows are 13 + 12 + 12 + 12 rather than 14 + 14 + 14 + 7.
struct EvenSplit {
  EvenSplit(int64_t total_, int64_t largest) : total(total_), parts((total_ + largest - 1) / largest) {}
  int64_t begin(int64_t part) const { return total * part / parts; }
  int64_t size(int64_t part) const { return begin(part + 1) - begin(part); }
  int64_t total, parts;
};

}  // namespace foldgate
