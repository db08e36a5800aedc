// A layer's backward pass. Steps run from the last to the first, a chunk of them at a time. Per step: the gates'
// gradients (elementwise), then dh += dgates recurrent_kernel^T. Per chunk, while its gate gradients are in cache: dx =
// dgates kernel^T and what the chunk adds to the gradients of the weights.
#pragma once
#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/thread_pool.h"
#include "ops/recurrent/backward_chunk.h"
#include "ops/recurrent/backward_rows.h"
#include "ops/recurrent/gate_columns.h"
#include "ops/recurrent/product.h"
#include "ops/recurrent/recurrent.h"
#include "ops/recurrent/rounds.h"
#include "ops/recurrent/split.h"

namespace foldgate {

// So few steps of one sequence do not pay for packing the weights, and sum along their rows; more take vectors of
// outputs, 1.1 to 6 times as fast.
constexpr int64_t kInPlaceSteps = 8;

template <class T>
class BackwardPass {
 public:
  // together: workers that run this pass in rounds with another
  BackwardPass(const RecurrentPlan& plan, const RecurrentBackward<T>& arrays, int threads, StopFlag& stop,
               int together = 1)
      : plan_(plan),
        a_(arrays),
        table_(kernels<T>()),
        kernels_(table_.recurrent),
        split_(RecurrentSplit::make(plan, 3, threads)),
        claims_(split_.by_units ? split_.workers : 1, split_.nearness),
        stop_(stop),
        gates_(columns_of(plan.options.cell)),
        state_step_(plan.row_step(plan.units)),
        chunk_(plan),
        kept_((split_.parts() > 1 || together > 1 ? 2 : 1) * chunk_.most_rows()),
        // an odd number of vectors, so that rows do not fall into few sets of the cache
        dgates_step_((ceil_div(gates_.dgates * plan.units, plan.lanes) | 1) * plan.lanes),
        dgates_(kept_ * dgates_step_),
        dh_(plan.batch * state_step_),
        dc_(lstm() ? dh_.size() : 0),
        first_c_(dc_.size()),
        dreset_h_(reset_before() ? dh_.size() : 0),
        read_(plan, arrays, kept_),
        reset_h_(reset_before() ? plan.units : 0, false, state_step_, kept_),
        recurrent_(table_.gemm,
                   view(arrays.weights.recurrent_kernel, plan.units, {{0, gates_.recurrent_count}}),
                   plan.batch == 1 && plan.steps <= kInPlaceSteps),
        candidate_(table_.gemm,
                   view(arrays.weights.recurrent_kernel, reset_before() ? plan.units : 0, {{2, 1}}),
                   plan.batch == 1 && plan.steps <= kInPlaceSteps),
        input_(table_.gemm, view(arrays.weights.kernel, a_.dx ? plan.inputs : 0, gates_.input), false),
        gradients_(table_.gemm, weight_gradients_of(plan, arrays, {&read_.x, &read_.h, &reset_h_}),
                   dgates_.data(), dgates_step_, gate_columns(), chunk_.most_rows(),
                   std::max(split_.workers, together)),
        dgates_rows_(kept_),
        dh_rows_(plan.batch),
        dreset_rows_(plan.batch),
        dx_sources_(chunk_.most_rows()),
        dx_(chunk_.most_rows()) {}

  // The whole pass.
  void run() {
    begin();
    if (split_.parts() > 1)
      run_rounds<BackwardPass>({this}, split_.workers, stop_);
    else
      run_chunks();
    end();
  }

  // Or in pieces of steps, one thread at a time: begin, pieces from the last steps to the first, end. Chunks are the
  // same, wherever the pieces are cut.
  void begin() {
    begin_states();
    for (int64_t r = 0; a_.dx && r < plan_.batch; ++r) zero_masked(r);
  }
  void retreat(int64_t begin, int64_t end) {
    while (begin < end && !stop_.stopped(0)) {
      if (end == chunk_.begin()) chunk_.open(end);
      const int64_t middle = std::max(begin, chunk_.begin());
      run_part(0, middle, end, 0);
      if (middle == chunk_.begin()) gradients_.add(chunk_.rows());
      end = middle;
    }
  }

  // Or in rounds (rounds.h): begin, rounds until there are no more, end. A round has a chunk's steps, a task for each part
  // of the rows, and what the chunk before it adds to the gradients of the weights.
  bool next_round() {
    closed_ = chunk_.rows();
    chunk_.open_beside();
    return row_tasks() + weight_tasks() > 0;
  }
  int64_t row_tasks() const { return chunk_.end() > chunk_.begin() ? split_.parts() : 0; }
  void run_row_task(int64_t task, int worker) { run_part(task, chunk_.begin(), chunk_.end(), worker); }
  int64_t weight_tasks() const { return closed_.count > 0 ? gradients_.tasks() : 0; }
  void run_weight_task(int64_t task, int worker) { gradients_.run(task, closed_, worker); }

  void end() {
    if (plan_.rows() == 0) zero_weights();
    for (int64_t r = 0; r < plan_.batch; ++r) finish_row(r);
  }

 private:
  bool lstm() const { return plan_.options.cell == Cell::kLstm; }
  bool reset_before() const { return plan_.options.cell == Cell::kGruBefore; }
  int64_t gate_columns() const { return plan_.gates() * plan_.units; }
  size_t row_bytes() const { return static_cast<size_t>(plan_.units) * sizeof(T); }

  WeightView<T> view(const T* data, int64_t features, std::vector<ColumnBlock> blocks) const {
    for (ColumnBlock& block : blocks) block = {block.source * plan_.units, block.count * plan_.units};
    return {data, features, gate_columns(), blocks};
  }

  void begin_states() {
    const auto copy_in = [&](const T* source, const Scratch<T>& target) {
      if (target.size()) target.zero();
      for (int64_t r = 0; source && r < plan_.batch; ++r)
        std::memcpy(target.data() + r * state_step_, source + plan_.order[r] * plan_.output_step(),
                    row_bytes());
    };
    copy_in(a_.dh, dh_);
    copy_in(a_.dc, dc_);
    copy_in(a_.initial_c, first_c_);
    for (int64_t r = 0; r < plan_.batch; ++r) {
      dh_rows_[r] = dh_.data() + r * state_step_;
      if (reset_before()) dreset_rows_[r] = dreset_h_.data() + r * state_step_;
    }
    for (int64_t i = 0; i < kept_; ++i) dgates_rows_[i] = dgates_.data() + i * dgates_step_;
  }

  void run_chunks() {
    for (int64_t end = plan_.longest(); end > 0 && !stop_.stopped(0); end = chunk_.begin()) {
      chunk_.open(end);
      claims_.together([&](int worker) { run_part(0, chunk_.begin(), end, worker); });
      gradients_.add(chunk_.rows());
    }
  }

  // Steps [begin, end) of the chunk for the rows of a part.
  void run_part(int64_t part, int64_t begin, int64_t end, int worker) {
    for (int64_t s = end - 1; s >= begin && !stop_.stopped(worker); --s) {
      const int64_t first = split_.bounds[part],
                    rows = std::min(plan_.count(s), split_.bounds[part + 1]) - first;
      if (rows > 0) run_step(s, first, rows, worker);
    }
    if (a_.dx) run_dx(begin, end, split_.bounds[part], split_.bounds[part + 1], worker);
  }

  // Rows [first, first + rows) of step s.
  void run_step(int64_t s, int64_t first, int64_t rows, int worker) {
    const auto each_share = [&](auto body) {  // body(first, rows) for the worker's rows
      claims_.run(worker, rows, ceil_div(rows, claims_.workers()), false,
                  [&](int64_t begin, int64_t end) { body(first + begin, end - begin); });
    };
    each_share([&](int64_t row, int64_t count) { run_cells(s, row, count); });
    if (reset_before()) {
      multiply(candidate_, s & 1, chunk_.at(s, first), 2 * plan_.units, rows, dreset_rows_.data() + first,
               false, worker);
      each_share([&](int64_t row, int64_t count) { kernels_.reset_gradient(gradient_of(s, row, count)); });
    }
    multiply(recurrent_, s & 1, chunk_.at(s, first), gates_.recurrent_first * plan_.units, rows,
             dh_rows_.data() + first, true, worker);
  }

  // What is elementwise of rows [first, first + rows) of step s.
  void run_cells(int64_t s, int64_t first, int64_t rows) {
    read_.gather(s, first, rows, chunk_.at(s, first));
    for (int64_t r = first; r < first + rows; ++r)
      add_carried(r, s + 1 < plan_.length[r] ? plan_.walked(r, s + 1) : plan_.steps, plan_.walked(r, s) + 1);
    kernels_.gradient(plan_.options.cell, gradient_of(s, first, rows));
  }

  RecurrentGradient<T> gradient_of(int64_t s, int64_t first, int64_t rows) const {
    RecurrentGradient<T> g;
    g.units = plan_.units;
    g.rows = rows;
    g.saved = a_.cache + plan_.saved_at(s, first);
    g.saved_rows = plan_.count(s);
    if (lstm() && s > 0) {
      g.c_before = a_.cache + plan_.saved_at(s - 1, first) + 4 * plan_.lanes;
      g.c_row = plan_.slots() * plan_.lanes;
      g.c_vector = plan_.count(s - 1) * g.c_row;
    } else if (lstm()) {
      g.c_before = first_c_.data() + first * state_step_;
      g.c_row = state_step_;
      g.c_vector = plan_.lanes;
    }
    g.h_before = read_.h_before(first);
    g.y = read_.y(first);
    g.dy = read_.dy(first);
    g.state_step = state_step_;
    g.dh = dh_.data() + first * state_step_;
    g.dc = lstm() ? dc_.data() + first * state_step_ : nullptr;
    g.dgates = dgates_.data() + chunk_.at(s, first) * dgates_step_;
    g.dgates_step = dgates_step_;
    g.dreset_h = reset_before() ? dreset_h_.data() + first * state_step_ : nullptr;
    g.reset_h = reset_before() ? reset_h_.row(chunk_.at(s, first)) : nullptr;
    return g;
  }

  void multiply(const PackedProduct<T>& product, bool descending, int64_t at, int64_t first_term,
                int64_t rows, T* const* out, bool accumulate, int worker) {
    claims_.run(worker, product.panels(), 1, descending, [&](int64_t begin, int64_t end) {
      product.run(begin, end, descending, dgates_rows_.data() + at, first_term, rows, out, accumulate);
    });
  }

  // dx of a part's rows of steps [begin, end) of the chunk. Parts write to segments of the pointer arrays of their own.
  void run_dx(int64_t begin, int64_t end, int64_t first_row, int64_t last_row, int worker) {
    int64_t segment = 0, n = 0;
    for (int64_t s = begin; s < end; ++s) {
      segment += std::min(plan_.count(s), first_row);
      n += std::max<int64_t>(std::min(plan_.count(s), last_row) - first_row, 0);
    }
    claims_.run(worker, 1, 1, false,
                [&](int64_t, int64_t) { point_dx(begin, end, first_row, last_row, segment); });
    claims_.run(worker, input_.panels(), 1, false, [&](int64_t panel, int64_t last) {
      input_.run(panel, last, false, dx_sources_.data() + segment, 0, n, dx_.data() + segment, false);
    });
  }
  void point_dx(int64_t begin, int64_t end, int64_t first_row, int64_t last_row, int64_t segment) {
    for (int64_t s = begin; s < end; ++s)
      for (int64_t r = first_row; r < std::min(plan_.count(s), last_row); ++r, ++segment) {
        dx_sources_[segment] = dgates_rows_[chunk_.at(s, r)];
        dx_[segment] = a_.dx + plan_.place(r, s) * plan_.inputs;
      }
  }

  // The masked outputs that carry row r's state, at positions [begin, end) of the walk, pass their gradients to it.
  void add_carried(int64_t r, int64_t end, int64_t begin) {
    if (!a_.dy || plan_.options.zero_output_for_mask) return;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t place = plan_.place_at(r, plan_.time_at(i));
      kernels_.add(dh_rows_[r], a_.dy + place * plan_.output_step(), plan_.units);
    }
  }

  // The initial states' gradients.
  void finish_row(int64_t r) {
    const int64_t n = plan_.order[r];
    add_carried(r, plan_.length[r] > 0 ? plan_.walked(r, 0) : plan_.steps, 0);
    const int64_t target = n * plan_.output_step();
    std::memcpy(a_.dinitial_h + target, dh_rows_[r], row_bytes());
    if (lstm()) std::memcpy(a_.dinitial_c + target, dc_.data() + r * state_step_, row_bytes());
  }

  // dx where row r's x is masked.
  void zero_masked(int64_t r) {
    if (plan_.length[r] == plan_.steps) return;
    for (int64_t i = 0, s = 0; i < plan_.steps; ++i) {
      const int64_t t = plan_.time_at(i);
      if (s < plan_.length[r] && plan_.time(r, s) == t)
        ++s;
      else
        std::memset(static_cast<void*>(a_.dx + plan_.place_at(r, t) * plan_.inputs), 0,
                    static_cast<size_t>(plan_.inputs) * sizeof(T));
    }
  }

  void zero_weights() {
    std::fill_n(a_.dkernel, plan_.inputs * gate_columns(), T(0));
    std::fill_n(a_.drecurrent_kernel, plan_.units * gate_columns(), T(0));
    if (a_.dbias) std::fill_n(a_.dbias, gate_columns() * (plan_.options.cell == Cell::kGru ? 2 : 1), T(0));
  }

  const RecurrentPlan& plan_;
  const RecurrentBackward<T>& a_;
  const Kernels<T>& table_;
  const RecurrentKernels<T>& kernels_;
  const RecurrentSplit split_;
  Claims claims_;
  StopFlag& stop_;
  const GateColumns gates_;
  const int64_t state_step_;
  BackwardChunk chunk_;  // that is open, or was last
  const int64_t kept_;   // rows, of a chunk or, in rounds, of two
  const int64_t dgates_step_;
  const Scratch<T> dgates_, dh_, dc_, first_c_, dreset_h_;
  const BackwardRows<T> read_;
  const Features<T> reset_h_;
  const PackedProduct<T> recurrent_, candidate_, input_;
  WeightGradients<T> gradients_;
  const Scratch<const T*> dgates_rows_;
  const Scratch<T*> dh_rows_, dreset_rows_;
  const Scratch<const T*> dx_sources_;
  const Scratch<T*> dx_;
  ChunkRows closed_;  // the chunk before, in rounds
};

}  // namespace foldgate
