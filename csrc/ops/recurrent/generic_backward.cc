// Steps run from the last to the first, a chunk of them at a time: per step the gates' gradients and what passes to the
// step before; per chunk dx and what it adds to the gradients of the weights.
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

constexpr int64_t kChunkRows = 512;  // the weights' gradients are read and written once a chunk
constexpr int64_t kTaskRows = 8;     // of a step's gates in one task
constexpr double kGateCost = 1200;   // multiply-adds that take as long as a unit's gates, ~15 ns

template <class T>
class Backward {
 public:
  Backward(const GenericPlan& plan, const GenericBackward<T>& given)
      : plan_(plan),
        rows_(plan.rows),
        a_(given.arrays),
        given_(given),
        kernels_(kernels<T>().recurrent_generic),
        u_(rows_.units),
        p_(plan.outputs),
        columns_(plan.columns()),
        before_(plan.cell() == Cell::kGruBefore),
        after_(plan.cell() == Cell::kGru),
        lstm_(plan.cell() == Cell::kLstm),
        chunk_(std::max(rows_.batch, std::min(rows_.rows(), kChunkRows))),
        width_(after_ ? 4 * u_ : columns_),
        dgates_(chunk_ * width_),
        x_(chunk_ * rows_.inputs),
        h_(chunk_ * p_),
        dh_(rows_.batch * p_),
        product_(rows_.batch * p_),
        dc_(lstm_ ? rows_.batch * u_ : 0),
        dm_(plan.projected ? rows_.batch * u_ : 0),
        m_(plan.projected ? chunk_ * u_ : 0),
        dh_rows_(plan.projected ? chunk_ * p_ : 0),
        reset_h_(before_ ? chunk_ * u_ : 0),
        dreset_h_(before_ ? rows_.batch * u_ : 0),
        part_(std::max({rows_.inputs, p_, u_}) * std::max(columns_, p_)),
        no_state_(std::max(u_, p_)),
        c_before_(lstm_ ? chunk_ : 0),
        to_h_(rows_, transposed(a_.weights.recurrent_kernel, columns_), facing(), p_),
        to_candidate_(rows_, transposed(a_.weights.recurrent_kernel + 2 * u_ * (after_ || before_), columns_),
                      u_, after_ || before_ ? p_ : 0),
        to_m_(rows_, transposed(given.projection, p_), p_, plan.projected ? u_ : 0) {}

  void run() {
    begin();
    for (int64_t end = rows_.longest(), first; end > 0; end = first) {
      for (first = end - 1; first > 0 && rows_.first[end] - rows_.first[first - 1] <= chunk_;) --first;
      for (int64_t s = end - 1; s >= first; --s) {
        run_step(s, rows_.first[s] - rows_.first[first]);
        check_interrupt();
      }
      add_weights(rows_.first[end] - rows_.first[first], rows_.first[first]);
      if (a_.dx) put_dx(first, end);
    }
    for (int64_t r = 0; r < rows_.batch; ++r) finish_row(r);
  }

 private:
  static const T* none() { return nullptr; }
  // Columns of the gates whose weights meet h itself: of a GRU z and r, whose candidate has a product of its own.
  int64_t facing() const { return after_ || before_ ? 2 * u_ : columns_; }
  static Matrix<T> matrix(const Scratch<T>& data, int64_t step) { return rows_of<T>(data.data(), step); }
  const T* saved(int64_t row) const { return a_.cache + RecurrentPlan::kCacheHeader + row * plan_.saved(); }

  void begin() {
    no_state_.zero();
    begin_state(a_.dh, dh_, p_);
    if (lstm_) begin_state(a_.dc, dc_, u_);
    std::fill_n(a_.dkernel, rows_.inputs * columns_, T(0));
    std::fill_n(a_.drecurrent_kernel, p_ * columns_, T(0));
    if (a_.dbias) std::fill_n(a_.dbias, columns_ * (after_ ? 2 : 1), T(0));
    if (given_.dpeephole) std::fill_n(given_.dpeephole, 3 * u_, T(0));
    if (given_.dprojection) std::fill_n(given_.dprojection, u_ * p_, T(0));
  }
  void begin_state(const T* source, const Scratch<T>& target, int64_t width) const {
    if (!source) return target.zero();
    for (int64_t r = 0; r < rows_.batch; ++r)
      std::copy_n(source + rows_.order[r] * width, width, target.data() + r * width);
  }

  // The step's rows are rows [at, at + count) of the chunk.
  void run_step(int64_t s, int64_t at) {
    const int64_t count = rows_.count(s);
    for (int64_t r = 0; r < count; ++r) enter_row(r, s, at + r);
    GenericGradient<T> g;
    g.functions = plan_.functions;
    g.units = u_;
    g.peephole = given_.peephole;
    g.saved = saved(rows_.first[s]);
    g.saved_step = plan_.saved();
    g.c_before = c_before_.data() + (lstm_ ? at : 0);
    g.h_before = h_.data() + at * p_;
    g.dh = dh_.data();
    g.dc = dc_.data();
    g.dgates = dgates_.data() + at * width_;
    g.dgates_step = width_;
    if (plan_.projected) {  // h = m projection
      std::copy_n(dh_.data(), count * p_, dh_rows_.data() + at * p_);
      to_m_.run(count, dh_.data(), p_, none(), dm_.data(), u_);
      g.dh = dm_.data();
      g.m = m_.data() + at * u_;
    }
    if (before_) {
      run_cell(Phase::kGruCandidate, g, count);
      to_candidate_.run(count, g.dgates + 2 * u_, width_, none(), dreset_h_.data(), u_);
      g.dreset_h = dreset_h_.data();
      g.reset_h = reset_h_.data() + at * u_;
      run_cell(Phase::kGruGates, g, count);
    } else {
      run_cell(phases_of(plan_.cell())[0], g, count);
    }
    if (!after_ && !before_) std::fill_n(dh_.data(), count * p_, T(0));
    pass_on(to_h_, g.dgates, count);
    if (after_) pass_on(to_candidate_, g.dgates + 3 * u_, count);
  }

  // dh += dgates times the transposed weights
  void pass_on(const KeptProduct<T>& weights, const T* dgates, int64_t count) {
    weights.run(count, dgates, width_, none(), product_.data(), p_);
    kernels_.add(dh_.data(), product_.data(), count * p_);
  }

  // What row r's step s was given, and the gradients that meet its h: row `at` of the chunk.
  void enter_row(int64_t r, int64_t s, int64_t at) {
    const int64_t place = rows_.place(r, s), n = rows_.order[r];
    std::copy_n(a_.x + place * rows_.inputs, rows_.inputs, x_.data() + at * rows_.inputs);
    const T* h = s > 0          ? a_.y + rows_.place(r, s - 1) * p_
                 : a_.initial_h ? a_.initial_h + n * p_
                                : no_state_.data();
    std::copy_n(h, p_, h_.data() + at * p_);
    if (lstm_)
      c_before_[at] = s > 0          ? saved(rows_.first[s - 1] + r) + 4 * u_
                      : a_.initial_c ? a_.initial_c + n * u_
                                     : no_state_.data();
    if (a_.dy) kernels_.add(dh_.data() + r * p_, a_.dy + place * p_, p_);
    add_carried(r, s + 1 < rows_.length[r] ? rows_.walked(r, s + 1) : rows_.steps, rows_.walked(r, s) + 1);
  }

  void run_cell(Phase phase, const GenericGradient<T>& gradient, int64_t count) const {
    const int64_t tasks = ceil_div(count, kTaskRows);
    parallel_for(tasks, workers_for(tasks, kGateCost * static_cast<double>(count * u_)),
                 [&](int64_t task, int) {
                   GenericGradient<T> mine = gradient;
                   mine.begin = task * kTaskRows;
                   mine.end = std::min(count, mine.begin + kTaskRows);
                   kernels_.backward(phase, mine);
                 });
  }

  // target += a^T b over n rows: (m, columns) beginning at column `from` of rows `step` apart
  void add_outer(const Scratch<T>& a, int64_t m, const T* b, int64_t b_step, int64_t columns, int64_t n,
                 T* target, int64_t step) {
    multiply(m, columns, n, transposed<T>(a.data(), m), rows_of(b, b_step), none(), part_.data(), columns);
    for (int64_t i = 0; i < m; ++i) kernels_.add(target + i * step, part_.data() + i * columns, columns);
  }

  // n rows of a chunk, the first of which is row `first` of all.
  void add_weights(int64_t n, int64_t first) {
    const T* d = dgates_.data();
    add_outer(x_, rows_.inputs, d, width_, columns_, n, a_.dkernel, columns_);
    add_outer(h_, p_, d, width_, facing(), n, a_.drecurrent_kernel, columns_);
    if (after_) add_outer(h_, p_, d + 3 * u_, width_, u_, n, a_.drecurrent_kernel + 2 * u_, columns_);
    if (before_) add_outer(reset_h_, u_, d + 2 * u_, width_, u_, n, a_.drecurrent_kernel + 2 * u_, columns_);
    if (given_.dprojection) add_outer(m_, u_, dh_rows_.data(), p_, p_, n, given_.dprojection, p_);
    for (int64_t i = 0; a_.dbias && i < n; ++i) {
      kernels_.add(a_.dbias, d + i * width_, columns_);
      if (!after_) continue;
      kernels_.add(a_.dbias + columns_, d + i * width_, 2 * u_);
      kernels_.add(a_.dbias + columns_ + 2 * u_, d + i * width_ + 3 * u_, u_);
    }
    for (int64_t i = 0; given_.dpeephole && i < n; ++i) {
      kernels_.add_product(given_.dpeephole, d + i * width_, c_before_[i], u_);
      kernels_.add_product(given_.dpeephole + u_, d + i * width_ + u_, c_before_[i], u_);
      kernels_.add_product(given_.dpeephole + 2 * u_, d + i * width_ + 3 * u_, saved(first + i) + 4 * u_, u_);
    }
  }

  // dx of steps [first, end), by way of x_, which is done with.
  void put_dx(int64_t first, int64_t end) {
    const int64_t n = rows_.first[end] - rows_.first[first], inputs = rows_.inputs;
    multiply(n, inputs, columns_, matrix(dgates_, width_), transposed(a_.weights.kernel, columns_), none(),
             x_.data(), inputs);
    for (int64_t s = first, at = 0; s < end; ++s)
      for (int64_t r = 0; r < rows_.count(s); ++r, ++at)
        std::copy_n(x_.data() + at * inputs, inputs, a_.dx + rows_.place(r, s) * inputs);
  }

  // The masked outputs that carry row r's state, at positions [begin, end) of the walk, pass their gradients to it.
  void add_carried(int64_t r, int64_t end, int64_t begin) {
    if (!a_.dy || rows_.options.zero_output_for_mask) return;
    for (int64_t i = begin; i < end; ++i)
      kernels_.add(dh_.data() + r * p_, a_.dy + rows_.place_at(r, rows_.time_at(i)) * p_, p_);
  }

  // The initial states' gradients, and zeros where x was masked.
  void finish_row(int64_t r) {
    const int64_t n = rows_.order[r];
    add_carried(r, rows_.length[r] > 0 ? rows_.walked(r, 0) : rows_.steps, 0);
    std::copy_n(dh_.data() + r * p_, p_, a_.dinitial_h + n * p_);
    if (lstm_) std::copy_n(dc_.data() + r * u_, u_, a_.dinitial_c + n * u_);
    if (!a_.dx || rows_.length[r] == rows_.steps) return;
    for (int64_t i = 0, s = 0; i < rows_.steps; ++i) {
      const int64_t t = rows_.time_at(i);
      if (s < rows_.length[r] && rows_.time(r, s) == t)
        ++s;
      else
        std::fill_n(a_.dx + rows_.place_at(r, t) * rows_.inputs, rows_.inputs, T(0));
    }
  }

  const GenericPlan& plan_;
  const RecurrentPlan& rows_;
  const RecurrentBackward<T>& a_;
  const GenericBackward<T>& given_;
  const GenericKernels<T>& kernels_;
  const int64_t u_, p_, columns_;
  const bool before_, after_, lstm_;
  const int64_t chunk_, width_;
  const Scratch<T> dgates_, x_, h_, dh_, product_, dc_, dm_, m_, dh_rows_, reset_h_, dreset_h_, part_,
      no_state_;
  const Scratch<const T*> c_before_;
  const KeptProduct<T> to_h_, to_candidate_, to_m_;
};

}  // namespace

template <class T>
void generic_backward(const GenericPlan& plan, const GenericBackward<T>& arrays) {
  Backward<T>(plan, arrays).run();
}

template void generic_backward(const GenericPlan&, const GenericBackward<float>&);
template void generic_backward(const GenericPlan&, const GenericBackward<double>&);

}  // namespace foldgate
