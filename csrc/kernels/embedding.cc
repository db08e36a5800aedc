#include "kernels/embedding.h"

#include "kernels/put.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// A block of columns is summed in registers.
constexpr int kBlock = 4;

template <int Vectors, class T>
FOLDGATE_INLINE void sum_block(const T* const* rows, int64_t count, int64_t column, int64_t live,
                               Target<T> sum) {
  constexpr int64_t L = kLanes<T>;
  Vec<T> s[Vectors] = {};
  FOLDGATE_UNROLL
  for (int v = 0; v < Vectors; ++v)
    if (count > 0) s[v] = load(rows[0] + column + v * L, live);
  for (int64_t r = 1; r < count; ++r) {
    FOLDGATE_UNROLL
    for (int v = 0; v < Vectors; ++v) s[v] += load(rows[r] + column + v * L, live);
  }
  FOLDGATE_UNROLL
  for (int v = 0; v < Vectors; ++v) put_fetched<T>(sum, column + v * L, s[v], live);
}
template <class T>
void sum_rows(const T* const* rows, int64_t count, int64_t width, Target<T> sum) {
  constexpr int64_t L = kLanes<T>;
  int64_t c = 0;
  for (; c + kBlock * L <= width; c += kBlock * L) sum_block<kBlock>(rows, count, c, L, sum);
  for (; c < width; c += L) sum_block<1>(rows, count, c, width - c, sum);
}

// Rows of the table that are fetched ahead, and bytes of dy, which comes from memory.
constexpr int64_t kRowsAhead = 16, kBytesAhead = 8 << 10;

template <class T, class Id>
void add_rows(const Id* ids, int64_t count, const T* dy, int64_t width, int64_t columns, T* table) {
  const int64_t last = count - 1;
  for (int64_t i = 0; i < count; ++i, dy += width) {
    const T* soon = table + ids[i + kRowsAhead < last ? i + kRowsAhead : last] * width;
    T* sum = table + ids[i] * width;
    for (int64_t c = 0; c < columns; c += kLanes<T>) {
      const int64_t live = columns - c;
      __builtin_prefetch(soon + c);
      __builtin_prefetch(reinterpret_cast<const char*>(dy + c) + kBytesAhead);
      store(sum + c, load(sum + c, live) + load(dy + c, live), live);
    }
  }
}

template <class T>
constexpr EmbeddingKernels<T> table() {
  return {sum_rows<T>, add_rows<T, int32_t>, add_rows<T, int64_t>};
}

}  // namespace

extern const EmbeddingKernels<float> embedding_f32;
extern const EmbeddingKernels<double> embedding_f64;
const EmbeddingKernels<float> embedding_f32 = table<float>();
const EmbeddingKernels<double> embedding_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
