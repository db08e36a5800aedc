// A product that the generic path makes at every step: c[m][features] = a[m][terms] weights + bias. Where several rows meet
// the weights at several steps these are packed once a call, and the panels shared out within a step; else the matrix
// product reads them where they are.
#pragma once
#include <optional>

#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/recurrent/matrix.h"
#include "ops/recurrent/plan.h"
#include "ops/recurrent/product.h"

namespace foldgate {

template <class T>
class KeptProduct {
 public:
  // weights: (terms, features) by their steps; features 0: no product
  KeptProduct(const RecurrentPlan& rows, Matrix<T> weights, int64_t terms, int64_t features)
      : weights_(weights), terms_(terms), features_(features) {
    if (rows.batch == 1 || rows.longest() <= 1 || terms == 0 || features == 0) return;
    a_ = Scratch<const T*>(rows.batch);
    c_ = Scratch<T*>(rows.batch);
    packed_.emplace(
        kernels<T>().gemm,
        WeightView<T>{weights.data, features, weights.step.column, {{0, terms}}, weights.step.row}, false);
  }

  void run(int64_t m, const T* a, int64_t a_step, const T* bias, T* c, int64_t c_step) const {
    if (!packed_) return multiply(m, features_, terms_, rows_of(a, a_step), weights_, bias, c, c_step);
    for (int64_t i = 0; i < m; ++i) {
      a_[i] = a + i * a_step;
      c_[i] = c + i * c_step;
    }
    const int64_t panels = packed_->panels();
    parallel_for(panels, workers_for(panels, static_cast<double>(m) * terms_ * features_),
                 [&](int64_t panel, int) {
                   packed_->run(panel, panel + 1, false, a_.data(), 0, m, c_.data(), false, bias);
                 });
  }

 private:
  const Matrix<T> weights_;
  const int64_t terms_, features_;
  std::optional<PackedProduct<T>> packed_;
  Scratch<const T*> a_;
  Scratch<T*> c_;
};

}  // namespace foldgate
