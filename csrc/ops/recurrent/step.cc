#include "ops/recurrent/step.h"

#include <algorithm>
#include <cstring>

#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/recurrent/matrix.h"

namespace foldgate {
namespace {

template <class T>
class StepGradient {
 public:
  StepGradient(const RecurrentPlan& plan, const StepBackward<T>& arrays)
      : n_(plan.batch),
        u_(plan.units),
        columns_(plan.gates() * plan.units),
        cell_(plan.options.cell),
        plan_(plan),
        a_(arrays),
        kernels_(kernels<T>().recurrent),
        state_step_(plan.padded_units()),
        dgates_step_(cell_ == Cell::kGru ? 4 * u_ : columns_),
        dgates_(n_ * dgates_step_),
        input_(cell_ == Cell::kGru ? n_ * columns_ : 0),
        dh_(padded(arrays.dh)),
        dc_(padded(arrays.dc)),
        c_(padded(arrays.c)),
        dreset_h_(n_ * state_step_),
        reset_h_(n_ * state_step_),
        product_(n_ * u_),
        h_rows_(n_),
        y_rows_(n_) {}

  void run() {
    gates();
    const T* input = cell_ == Cell::kGru ? input_in_order() : dgates_.data();
    const T* recurrent = dgates_.data() + (cell_ == Cell::kGru ? u_ : 0);
    const int64_t facing =
        cell_ == Cell::kGruBefore ? 2 * u_ : columns_;  // gates whose product is with h itself
    const int64_t d = plan_.inputs;
    multiply(n_, d, columns_, rows_of(input, columns_), transposed(a_.weights.kernel, columns_), no_bias(),
             a_.dx, d);
    multiply(d, columns_, n_, transposed(a_.x, d), rows_of(input, columns_), no_bias(), a_.dkernel, columns_);
    multiply(n_, u_, facing, rows_of(recurrent, dgates_step_),
             transposed(a_.weights.recurrent_kernel, columns_), no_bias(), product_.data(), u_);
    multiply(u_, facing, n_, transposed(a_.h, u_), rows_of(recurrent, dgates_step_), no_bias(),
             a_.drecurrent_kernel, columns_);
    if (cell_ == Cell::kGruBefore)
      multiply(u_, u_, n_, transposed(const_data(reset_h_), state_step_),
               rows_of(recurrent + 2 * u_, dgates_step_), no_bias(), a_.drecurrent_kernel + 2 * u_, columns_);
    if (a_.dbias) sum_columns(input, recurrent);
    finish_states();
  }

 private:
  static const T* no_bias() { return nullptr; }
  static const T* const_data(const Scratch<T>& scratch) { return scratch.data(); }

  // (N, U) with rows of whole vectors; null: zeros
  Scratch<T> padded(const T* source) const {
    Scratch<T> target(n_ * state_step_);
    target.zero();
    for (int64_t r = 0; source && r < n_; ++r)
      std::memcpy(target.data() + r * state_step_, source + r * u_, static_cast<size_t>(u_) * sizeof(T));
    return target;
  }

  void gates() {
    const T* saved = a_.cache + RecurrentPlan::kCacheHeader;
    for (int64_t r = 0; r < n_; ++r) {
      h_rows_[r] = a_.h + r * u_;
      y_rows_[r] = plan_.slots() ? nullptr : saved + r * u_;
    }
    RecurrentGradient<T> g;
    g.units = u_;
    g.rows = n_;
    g.saved = saved;
    g.saved_rows = n_;
    g.c_before = c_.data();
    g.c_row = state_step_;
    g.c_vector = plan_.lanes;
    g.h_before = h_rows_.data();
    g.y = y_rows_.data();
    g.state_step = state_step_;
    g.dh = dh_.data();
    g.dc = dc_.data();
    g.dgates = dgates_.data();
    g.dgates_step = dgates_step_;
    g.dreset_h = dreset_h_.data();
    g.reset_h = reset_h_.data();
    kernels_.gradient(cell_, g);
    if (cell_ != Cell::kGruBefore) return;
    dreset_h_.zero();  // whole vectors are read
    multiply(n_, u_, u_, rows_of(const_data(dgates_) + 2 * u_, dgates_step_),
             transposed(a_.weights.recurrent_kernel + 2 * u_, columns_), no_bias(), dreset_h_.data(),
             state_step_);
    kernels_.reset_gradient(g);
  }

  // kGru's gate gradients dn dz dr dn*r as the kernel's columns have them: dz dr dn.
  const T* input_in_order() {
    for (int64_t r = 0; r < n_; ++r) {
      const T* source = dgates_.data() + r * dgates_step_;
      T* target = input_.data() + r * columns_;
      std::copy(source + u_, source + 3 * u_, target);
      std::copy(source, source + u_, target + 2 * u_);
    }
    return input_.data();
  }

  void sum_columns(const T* input, const T* recurrent) {
    const int64_t rows = cell_ == Cell::kGru ? 2 : 1;
    std::fill_n(a_.dbias, rows * columns_, T(0));
    for (int64_t r = 0; r < n_; ++r) {
      kernels_.add(a_.dbias, input + r * columns_, columns_);
      if (rows == 2) kernels_.add(a_.dbias + columns_, recurrent + r * dgates_step_, columns_);
    }
  }

  void finish_states() {
    for (int64_t r = 0; r < n_; ++r) {
      T* dh = a_.dh_before + r * u_;
      std::copy_n(dh_.data() + r * state_step_, u_, dh);
      kernels_.add(dh, product_.data() + r * u_, u_);
      if (a_.dc_before) std::copy_n(dc_.data() + r * state_step_, u_, a_.dc_before + r * u_);
    }
  }

  const int64_t n_, u_, columns_;
  const Cell cell_;
  const RecurrentPlan& plan_;
  const StepBackward<T>& a_;
  const RecurrentKernels<T>& kernels_;
  const int64_t state_step_, dgates_step_;
  const Scratch<T> dgates_, input_, dh_, dc_, c_, dreset_h_, reset_h_, product_;
  const Scratch<const T*> h_rows_, y_rows_;
};

}  // namespace

int64_t step_cache_size(const RecurrentPlan& plan) {
  return plan.slots() ? plan.cache_size() : RecurrentPlan::kCacheHeader + plan.batch * plan.units;
}

template <class T>
void recurrent_step(const RecurrentPlan& plan, const StepForward<T>& a) {
  const int64_t n = plan.batch, u = plan.units, columns = plan.gates() * u;
  const Cell cell = plan.options.cell;
  const bool before = cell == Cell::kGruBefore;
  const RecurrentKernels<T>& kernel = kernels<T>().recurrent;
  const Scratch<T> input(n * columns), recurrent(n * columns), update(before ? 2 * n * u : 0);
  const T* recurrent_bias = cell == Cell::kGru && a.weights.bias ? a.weights.bias + columns : nullptr;
  const T* none = nullptr;
  multiply(n, columns, plan.inputs, rows_of(a.x, plan.inputs), rows_of(a.weights.kernel, columns),
           a.weights.bias, input.data(), columns);
  const int64_t facing = before ? 2 * u : columns;
  multiply(n, facing, u, rows_of(a.h, u), rows_of(a.weights.recurrent_kernel, columns), recurrent_bias,
           recurrent.data(), facing);
  RecurrentCell<T> s;
  s.units = u;
  s.rows = n;
  s.input = input.data();
  s.recurrent = recurrent.data();
  s.h = a.h;
  s.c = a.c;
  s.next_h = a.next_h;
  s.next_c = a.next_c;
  s.saved = a.cache && plan.slots() ? a.cache + RecurrentPlan::kCacheHeader : nullptr;
  s.update = update.data();
  s.reset_h = update.data() + update.size() / 2;
  const std::vector<Phase> phases = phases_of(cell);
  kernel.cell(phases[0], s);
  if (before) {
    multiply(n, u, u, rows_of(static_cast<const T*>(s.reset_h), u),
             rows_of(a.weights.recurrent_kernel + 2 * u, columns), none, recurrent.data(), u);
    kernel.cell(phases[1], s);
  }
  if (!a.cache) return;
  write_cache_header(plan, a.cache);
  if (!plan.slots()) std::copy_n(a.next_h, n * u, a.cache + RecurrentPlan::kCacheHeader);
}

template <class T>
void recurrent_step_backward(const RecurrentPlan& plan, const StepBackward<T>& arrays) {
  StepGradient<T>(plan, arrays).run();
}

template void recurrent_step(const RecurrentPlan&, const StepForward<float>&);
template void recurrent_step(const RecurrentPlan&, const StepForward<double>&);
template void recurrent_step_backward(const RecurrentPlan&, const StepBackward<float>&);
template void recurrent_step_backward(const RecurrentPlan&, const StepBackward<double>&);

}  // namespace foldgate
