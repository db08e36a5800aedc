// Register tiles whose rows of A stand evenly: the pixels of an output row in a convolution. One address a segment
// instead of one a row leaves registers for tiles of 28 accumulators, and nothing to look up between tiles.
#pragma once
#include <cstdint>

#include "kernels/gemm.h"

namespace foldgate {

// C[i][j] = epilogue(sum over segments s, k < length of a[shifts[s] + i * a_step + k] * b[s * length + k][j])
template <class T>
struct StridedTile {
  const T* a = nullptr;
  int64_t a_step = 0;               // from row to row
  const int64_t* shifts = nullptr;  // of the segments, in elements
  int64_t segments = 0, length = 0;
  const T* b = nullptr;  // one panel, [segments * length][whole vectors]
  T* c = nullptr;
  int64_t c_step = 0;
  int columns = 0;            // live ones
  const T* next_c = nullptr;  // where the next tile writes, as many rows as here: fetched meanwhile; or null
};

constexpr int kMaxStridedVectors = 4;

template <class T>
struct StridedKernels {
  int vectors;                      // widest tile
  int heights[kMaxStridedVectors];  // tallest tile of 1, 2, ... vectors
  // 1 <= vectors <= the widest, 1 <= m <= heights[vectors - 1].
  void (*tile)(int m, int vectors, const StridedTile<T>&, const Epilogue<T>&);
};

}  // namespace foldgate
