// softmax and log_softmax along one axis, and the cross-entropies that begin with them, of rows.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace foldgate {

// An array as (outer, n, inner), n along the axis; validated by make.
struct SoftmaxPlan {
  int64_t outer = 0, n = 0, inner = 0;
  bool log = false;

  static SoftmaxPlan make(const char* op, const std::vector<int64_t>& shape, int64_t axis, bool log);
};

// x, y, dy, dx (outer, n, inner)
template <class T>
void softmax(const SoftmaxPlan& plan, const T* x, T* y);
template <class T>
void softmax_backward(const SoftmaxPlan& plan, const T* dy, const T* y, T* dx);

// The classes of rows: (rows,) ids of either width. Rows of class `ignored` have no loss.
struct Classes {
  const int32_t* narrow = nullptr;  // one of the two
  const int64_t* wide = nullptr;
  std::optional<int64_t> ignored;

  int64_t at(int64_t row) const { return narrow ? narrow[row] : wide[row]; }
  bool counts(int64_t row) const { return !ignored || at(row) != *ignored; }
  // std::out_of_range, naming the id, unless all that count are in [0, n)
  void check(const char* op, int64_t rows, int64_t n) const;
};

// loss[r] = log_sum_exp[r] - x[r][class of r], log_sum_exp[r] = log sum_k e^x[r][k]. x (rows, n).
template <class T>
void class_cross_entropy(const T* x, const Classes& classes, int64_t rows, int64_t n, T* loss,
                         T* log_sum_exp);
// dx[r][k] = dloss[r] (s[r][k] - [k is the class of r]), s = softmax(x): e^(x - log_sum_exp), over its sum where rounding
// has made that another than 1.
template <class T>
void class_cross_entropy_backward(const T* dloss, const T* x, const Classes& classes, const T* log_sum_exp,
                                  int64_t rows, int64_t n, T* dx);

// loss[r] = sum_k p[r][k] (log_sum_exp[r] - x[r][k]). x, p (rows, n).
template <class T>
void cross_entropy(const T* x, const T* p, int64_t rows, int64_t n, T* loss, T* log_sum_exp);
// dx[r][k] = dloss[r] (s[r][k] sum_k p[r][k] - p[r][k])
template <class T>
void cross_entropy_backward(const T* dloss, const T* x, const T* p, const T* log_sum_exp, int64_t rows,
                            int64_t n, T* dx);

// loss = -z log sigmoid(x) - (1 - z) log(1 - sigmoid(x)), of n values, and d (sigmoid(x) - z).
template <class T>
void logistic_cross_entropy(const T* x, const T* z, int64_t n, T* loss);
template <class T>
void logistic_cross_entropy_backward(const T* dloss, const T* x, const T* z, int64_t n, T* dx);

}  // namespace foldgate
