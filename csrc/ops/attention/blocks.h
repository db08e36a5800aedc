// The blocks of queries and keys in which attention runs: their products, and the scores of one.
#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/table.h"
#include "ops/attention/attention.h"

namespace foldgate {

// 64 KB of scores, which stay in L2 with the packed keys and values of a block.
inline constexpr int64_t kQueryBlock = 128, kKeyBlock = 128;

// Products of blocks whose right side is packed.
template <class T>
class Products {
 public:
  int64_t packed_size(int64_t k, int64_t n) const { return k * padded_columns(tiles_, n); }
  void pack(const T* b, int64_t row_step, int64_t column_step, int64_t k, int64_t n, T* packed) const {
    tiles_.pack_panels(b, row_step, column_step, k, n, panel_shape(tiles_, n).width, packed);
  }
  // c (m, n) = a (m, k) b, or c + that; rows of a are a_step apart
  void rows(const T* a, int64_t a_step, int64_t m, const T* packed, int64_t k, int64_t n, T* c,
            int64_t c_step, bool add) const {
    multiply<false>(a, a_step, m, packed, k, n, c, c_step, add);
  }
  // c (m, n) = a' b for a (k, m)
  void transposed(const T* a, int64_t a_step, int64_t m, const T* packed, int64_t k, int64_t n, T* c,
                  int64_t c_step, bool add) const {
    multiply<true>(a, a_step, m, packed, k, n, c, c_step, add);
  }

 private:
  template <bool Transposed>
  void multiply(const T* a, int64_t a_step, int64_t m, const T* packed, int64_t k, int64_t n, T* c,
                int64_t c_step, bool add) const {
    const PanelShape shape = panel_shape(tiles_, n);
    const EvenSplit tiles(m, shape.rows);
    const Epilogue<T> epilogue{nullptr, add};
    for (int64_t j = 0; j < n; j += shape.width) {
      const int64_t width = panel_width(tiles_, shape, n - j);
      const T* b = packed + j * k;
      for (int64_t part = 0; part < tiles.parts; ++part) {
        const int64_t first = tiles.begin(part), count = tiles.size(part);
        const T* sources[kRowPointers];
        T* results[kRowPointers];
        for (int64_t i = 0; i < count; ++i) {
          sources[i] = Transposed ? a + first : a + (first + i) * a_step;
          results[i] = c + (first + i) * c_step + j;
        }
        Tile<T> tile;
        tile.length = k;
        tile.a = sources;
        tile.a_step = a_step;
        tile.b = &b;
        tile.b_step = width;
        tile.c = results;
        tile.columns = static_cast<int>(std::min(width, n - j));
        const auto kernel = Transposed ? tiles_.columns : tiles_.rows;
        kernel(static_cast<int>(count), static_cast<int>(width / tiles_.lanes), tile, epilogue);
      }
    }
  }

  const GemmKernels<T>& tiles_ = kernels<T>().gemm;
};

// A batch's head, and the block of its scores that starts at (query, key).
template <class T>
struct Scores {
  const AttentionPlan& plan;
  const AttentionMask<T>& mask;
  T scale;

  bool hidden(int64_t query, int64_t key) const {
    return plan.causal && std::min(query + kQueryBlock, plan.queries) <= key;
  }
  ScoreBlock<T> block(int64_t unit, int64_t query, int64_t key) const {
    const int64_t rows = std::min(kQueryBlock, plan.queries - query),
                  columns = std::min(kKeyBlock, plan.keys - key);
    const int64_t at = plan.mask.at(unit / plan.heads, unit % plan.heads, query) + key;
    const bool whole = !plan.causal || key + columns - 1 <= query;
    return {rows,
            columns,
            kKeyBlock,
            scale,
            mask.bias ? mask.bias + at : nullptr,
            mask.seen ? mask.seen + at : nullptr,
            plan.mask.step,
            whole ? kNoDiagonal : query - key};
  }
};

inline double work_of(const AttentionPlan& p) {
  return static_cast<double>(p.units()) * static_cast<double>(p.queries) * static_cast<double>(p.keys) *
         static_cast<double>(p.width + p.values + 8);
}

inline int64_t rows_of(int64_t extent, int64_t block) { return std::min(extent, block); }

}  // namespace foldgate
