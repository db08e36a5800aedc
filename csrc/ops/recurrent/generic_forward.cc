// Per chunk of steps the products with x, straight into what is saved; per step the product with h and the cell.
#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/interrupt.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/recurrent/generic.h"
#include "ops/recurrent/kept_product.h"

namespace foldgate {
namespace {

constexpr int64_t kChunkRows = 512;  // of x in one product
constexpr int64_t kTaskRows = 8;     // of a step's gates in one task
constexpr double kGateCost = 800;    // multiply-adds that take as long as a unit's gates, ~10 ns

template <class T>
class Forward {
 public:
  Forward(const GenericPlan& plan, const GenericForward<T>& given)
      : plan_(plan),
        rows_(plan.rows),
        a_(given.arrays),
        given_(given),
        kernels_(kernels<T>().recurrent_generic),
        before_(plan.cell() == Cell::kGruBefore),
        lstm_(plan.cell() == Cell::kLstm),
        chunk_(std::max(rows_.batch, std::min(rows_.rows(), kChunkRows))),
        x_(chunk_ * rows_.inputs),
        own_saved_(a_.cache ? 0 : chunk_ * plan.saved()),
        recurrent_(rows_.batch * plan.columns()),
        h_(rows_.batch * plan.outputs),
        c_(lstm_ ? rows_.batch * rows_.units : 0),
        m_(plan.projected ? rows_.batch * rows_.units : 0),
        reset_h_(before_ ? rows_.batch * rows_.units : 0),
        by_h_(rows_, rows_of(a_.weights.recurrent_kernel, plan.columns()), plan.outputs, facing()),
        by_reset_h_(rows_, rows_of(a_.weights.recurrent_kernel + 2 * rows_.units * before_, plan.columns()),
                    rows_.units, before_ ? rows_.units : 0),
        by_m_(rows_, rows_of(given.projection, plan.outputs), rows_.units,
              plan.projected ? plan.outputs : 0) {}

  void run() {
    begin_state(a_.initial_h, h_, plan_.outputs);
    if (lstm_) begin_state(a_.initial_c, c_, rows_.units);
    for (int64_t s = 0, projected = 0; s < rows_.longest(); ++s) {
      if (s == projected) projected = project(s);
      run_step(s);
      for (int64_t r = 0; a_.y && r < rows_.count(s); ++r)
        std::copy_n(h_.data() + r * plan_.outputs, plan_.outputs, a_.y + rows_.place(r, s) * plan_.outputs);
      check_interrupt();
    }
    for (int64_t r = 0; r < rows_.batch; ++r) end_row(r);
    if (a_.cache) write_generic_header(plan_, a_.cache);
  }

 private:
  // Columns of the gates whose product is with h itself.
  int64_t facing() const { return before_ ? 2 * rows_.units : plan_.columns(); }

  void begin_state(const T* source, const Scratch<T>& target, int64_t width) const {
    if (!source) return target.zero();
    for (int64_t r = 0; r < rows_.batch; ++r)
      std::copy_n(source + rows_.order[r] * width, width, target.data() + r * width);
  }

  T* saved_of(int64_t s) const {
    return a_.cache ? a_.cache + RecurrentPlan::kCacheHeader + rows_.first[s] * plan_.saved()
                    : own_saved_.data() + (rows_.first[s] - chunk_first_) * plan_.saved();
  }

  // The products with x of steps s .. returned - 1.
  int64_t project(int64_t s) {
    int64_t end = s;
    chunk_first_ = rows_.first[s];
    for (; end < rows_.longest() && rows_.first[end + 1] - chunk_first_ <= chunk_; ++end)
      for (int64_t r = 0; r < rows_.count(end); ++r)
        std::copy_n(a_.x + rows_.place(r, end) * rows_.inputs, rows_.inputs,
                    x_.data() + (rows_.first[end] - chunk_first_ + r) * rows_.inputs);
    multiply(rows_.first[end] - chunk_first_, plan_.columns(), rows_.inputs,
             rows_of<T>(x_.data(), rows_.inputs), rows_of(a_.weights.kernel, plan_.columns()),
             a_.weights.bias, saved_of(s), plan_.saved());
    return end;
  }

  void run_step(int64_t s) {
    const int64_t u = rows_.units, p = plan_.outputs, count = rows_.count(s);
    const T* none = nullptr;
    by_h_.run(count, h_.data(), p,
              plan_.cell() == Cell::kGru && a_.weights.bias ? a_.weights.bias + plan_.columns() : none,
              recurrent_.data(), facing());
    GenericCell<T> cell;
    cell.functions = plan_.functions;
    cell.units = u;
    cell.peephole = given_.peephole;
    cell.saved = saved_of(s);
    cell.saved_step = plan_.saved();
    cell.recurrent = recurrent_.data();
    cell.recurrent_step = facing();
    cell.c = c_.data();
    cell.h = plan_.projected ? m_.data() : h_.data();
    cell.reset_h = reset_h_.data();
    const std::vector<Phase> phases = phases_of(plan_.cell());
    run_cell(phases[0], cell, count);
    if (before_) {
      by_reset_h_.run(count, reset_h_.data(), u, none, recurrent_.data(), u);
      cell.recurrent_step = u;
      run_cell(phases[1], cell, count);
    }
    if (plan_.projected) by_m_.run(count, m_.data(), u, none, h_.data(), p);
  }

  void run_cell(Phase phase, const GenericCell<T>& cell, int64_t count) const {
    const int64_t tasks = ceil_div(count, kTaskRows);
    parallel_for(tasks, workers_for(tasks, kGateCost * static_cast<double>(count * rows_.units)),
                 [&](int64_t task, int) {
                   GenericCell<T> mine = cell;
                   mine.begin = task * kTaskRows;
                   mine.end = std::min(count, mine.begin + kTaskRows);
                   kernels_.forward(phase, mine);
                 });
  }

  // The last states, and y at the masked steps: the state that they carry, or zeros.
  void end_row(int64_t r) const {
    const int64_t n = rows_.order[r], p = plan_.outputs;
    std::copy_n(h_.data() + r * p, p, a_.h + n * p);
    if (lstm_) std::copy_n(c_.data() + r * rows_.units, rows_.units, a_.c + n * rows_.units);
    if (!a_.y || rows_.length[r] == rows_.steps) return;
    const bool zero = rows_.options.zero_output_for_mask;
    const T* carried = zero || !a_.initial_h ? nullptr : a_.initial_h + n * p;
    for (int64_t i = 0, s = 0; i < rows_.steps; ++i) {
      const int64_t t = rows_.time_at(i);
      T* y = a_.y + rows_.place_at(r, t) * p;
      if (s < rows_.length[r] && rows_.time(r, s) == t) {
        ++s;
        if (!zero) carried = y;
      } else if (carried) {
        std::copy_n(carried, p, y);
      } else {
        std::fill_n(y, p, T(0));
      }
    }
  }

  const GenericPlan& plan_;
  const RecurrentPlan& rows_;
  const RecurrentForward<T>& a_;
  const GenericForward<T>& given_;
  const GenericKernels<T>& kernels_;
  const bool before_, lstm_;
  const int64_t chunk_;
  const Scratch<T> x_, own_saved_, recurrent_, h_, c_, m_, reset_h_;
  const KeptProduct<T> by_h_, by_reset_h_, by_m_;
  int64_t chunk_first_ = 0;
};

}  // namespace

template <class T>
void generic_forward(const GenericPlan& plan, const GenericForward<T>& arrays) {
  Forward<T>(plan, arrays).run();
}

template void generic_forward(const GenericPlan&, const GenericForward<float>&);
template void generic_forward(const GenericPlan&, const GenericForward<double>&);

}  // namespace foldgate
