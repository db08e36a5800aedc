// Between the products of attention: softmax of a block of scores as it comes, and its gradient.
#pragma once
#include <cstdint>

namespace foldgate {

// A block of scores (rows, columns), rows `step` apart, and what may be seen of it.
template <class T>
struct ScoreBlock {
  int64_t rows, columns, step;
  T scale;
  const T* bias;        // added to row r at bias + r * bias_step; null: none
  const uint8_t* seen;  // 0 hides, at seen + r * seen_step; null: all are seen
  int64_t mask_step;    // of bias or seen
  int64_t diagonal;     // columns past r + diagonal are hidden; kNoDiagonal: none are
};
constexpr int64_t kNoDiagonal = INT64_MAX / 4;

// Rows of a head, `step` apart: other heads may lie between them.
template <class T>
struct HeadRows {
  T* data;
  int64_t width, step;
};

template <class T>
struct AttentionKernels {
  // p = exp(s - m) with s = scale score + bias and m the largest of a row so far; largest and sums (rows,) and the
  // results out of the blocks before are scaled to the new m. First: there were none.
  void (*softmax)(const ScoreBlock<T>&, T* scores, bool first, T* largest, T* sums, const HeadRows<T>& out);
  // out = out / sum, lse = m + log(sum); 0 and -inf for a row that sees nothing
  void (*finish)(int64_t rows, const T* largest, const T* sums, const HeadRows<T>& out, T* lse);
  // p = share exp(s - from) in place of scores, ds = scale p (dp - delta) in place of dp
  void (*gradient)(const ScoreBlock<T>&, T* scores, const T* from, const T* share, const T* delta, T* dp);
  // delta[r] = sum of dout out
  void (*delta)(int64_t rows, const HeadRows<const T>& dout, const HeadRows<const T>& out, T* delta);
};

}  // namespace foldgate
