// A layer's forward pass: h(s + 1), c(s + 1) = cell(x(s) kernel + h(s) recurrent_kernel + bias) for all steps s of the
// plan, with the product and the cell of a step in one pass over its panels. h alternates between two buffers
// [row][padded U], so that a row that has ended keeps its last state; c is one, in place.
#pragma once
#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "ops/recurrent/pack.h"
#include "ops/recurrent/recurrent.h"
#include "ops/recurrent/rows.h"
#include "ops/recurrent/shared_rows.h"
#include "ops/recurrent/split.h"

namespace foldgate {

// Up to this many rows, a step's product with x runs ahead, for many steps at once: its weights are then read once for
// a tile of rows rather than once a step.
constexpr int64_t kAheadRows = 7;
static_assert(kAheadRows < 2 * kLeastSharedRows);  // what runs ahead is of all rows, which one worker keeps
constexpr int64_t kAheadBytes = 512 << 10;         // of gates computed ahead: they stay in L2

template <class T>
class ForwardPass {
 public:
  ForwardPass(const RecurrentPlan& plan, const RecurrentForward<T>& arrays,
              const RecurrentKernels<T>& kernels, const std::vector<PackedPhase<T>>& phases, int threads,
              StopFlag& stop)
      : plan_(plan),
        a_(arrays),
        kernels_(kernels),
        phases_(phases),
        split_(RecurrentSplit::make(plan, 1, threads)),
        claims_(split_.by_units ? split_.workers : 1, split_.nearness),
        stop_(stop),
        ahead_(plan.batch <= kAheadRows),
        step_(plan.row_step(plan.units)),
        state_(plan.batch * step_),
        chunk_(ahead_ ? ahead_rows() : plan.batch),
        readable_(plan.longest()),
        h_(2 * state_),
        c_(plan.options.cell == Cell::kLstm ? state_ : 0),
        update_(plan.options.cell == Cell::kGruBefore ? state_ : 0),
        reset_h_(update_.size()) {
    for (int worker = 0; worker < claims_.workers(); ++worker)
      operands_.push_back({{plan, plan.inputs, !ahead_}, Scratch<const T*>(chunk_), Scratch<T*>(plan.batch)});
    for (const PackedPhase<T>& phase : phases_)
      projected_.emplace_back(ahead_ ? chunk_ * phase.panels() * phase.width() : 0);
  }

  // The whole pass.
  void run() {
    begin();
    if (split_.parts() == 1) {
      claims_.together([&](int worker) { run_steps(0, plan_.longest(), worker); });
    } else {
      SharedRows(plan_, split_.shares()).run(split_.workers, [&](const RowShare& share, int worker) {
        return run_rows(share, worker);
      });
    }
    end();
  }

  // Or in pieces: begin, the steps in their order, end. Of steps, one thread at a time, where x is not there for more:
  void begin() { begin_states(); }
  void advance(int64_t first_step, int64_t end_step) {
    readable_ = end_step;
    run_steps(first_step, end_step, 0);
  }
  // Or of rows whose states no other thread touches meanwhile, a step of them; false: stopped.
  bool run_rows(const RowShare& rows, int worker) {
    if (stop_.stopped(worker)) return false;
    Operands& operands = operands_of(worker);
    if (ahead_ && rows.step == operands.chunk_end) project(rows.step, worker);
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      const int64_t place = plan_.place(r, rows.step);
      if (!ahead_) operands.x[r] = operands.gathered.put(r, a_.x + place * plan_.inputs);
      if (a_.y) operands.y[r] = a_.y + place * plan_.output_step();
    }
    for (size_t p = 0; p < phases_.size(); ++p) run_phase(rows, p, worker);
    return true;
  }
  void end() {
    for (int64_t r = 0; a_.y && plan_.masked() && r < plan_.batch; ++r) fill_masked(r);
    end_states();
    if (a_.cache) write_cache_header(plan_, a_.cache);
  }

 private:
  // What a worker brings together for a step: workers that share out its panels each do for themselves.
  struct Operands {
    GatheredRows<T> gathered;
    Scratch<const T*> x;
    Scratch<T*> y;
    int64_t chunk_first = 0;  // the first row of those that x was projected for
    int64_t chunk_end = 0;    // the step after them
  };

  // While one panel of a piece is multiplied the next is fetched; a short step is a piece for each worker.
  int64_t piece_of(int64_t panels) const {
    if (split_.nearness.handover_ns > 0) return ceil_div(panels, claims_.workers());
    return panels >= 4 * claims_.workers() ? 2 : 1;
  }
  Operands& operands_of(int worker) { return operands_[split_.by_units ? worker : 0]; }

  int64_t ahead_rows() const {
    const int64_t row_bytes = plan_.gates() * plan_.padded_units() * static_cast<int64_t>(sizeof(T));
    return std::max(plan_.batch, std::min(plan_.rows(), kAheadBytes / row_bytes));
  }

  void begin_states() {
    h_.zero();
    if (c_.size()) c_.zero();
    const auto copy_in = [&](const T* source, T* target) {
      for (int64_t r = 0; source && r < plan_.batch; ++r)
        std::memcpy(target + r * step_, source + plan_.order[r] * plan_.output_step(), row_bytes());
    };
    copy_in(a_.initial_h, h_.data());
    copy_in(a_.initial_c, c_.data());
  }

  void end_states() {
    for (int64_t r = 0; r < plan_.batch; ++r) {
      const int64_t target = plan_.order[r] * plan_.output_step(), source = r * step_;
      std::memcpy(a_.h + target, h_.data() + (plan_.length[r] & 1) * state_ + source, row_bytes());
      if (a_.c) std::memcpy(a_.c + target, c_.data() + source, row_bytes());
    }
  }

  size_t row_bytes() const { return static_cast<size_t>(plan_.units) * sizeof(T); }

  // Steps [first_step, end_step) of all rows.
  void run_steps(int64_t first_step, int64_t end_step, int worker) {
    for (int64_t s = first_step; s < end_step; ++s)
      if (!run_rows({0, 0, plan_.count(s), s}, worker)) return;
  }

  // The products with x of as many steps from s on as it can be.
  void project(int64_t s, int worker) {
    Operands& operands = operands_of(worker);
    int64_t& end = operands.chunk_end;
    const int64_t chunk_first = operands.chunk_first = plan_.first[s];
    for (; end < readable_ && plan_.first[end + 1] - chunk_first <= chunk_; ++end)
      for (int64_t r = 0; r < plan_.count(end); ++r)
        operands.x[plan_.first[end] - chunk_first + r] = a_.x + plan_.place(r, end) * plan_.inputs;
    for (size_t p = 0; p < phases_.size(); ++p)
      claims_.run(worker, phases_[p].panels(), 1, false, [&](int64_t first, int64_t last) {
        RecurrentProjection<T> projection;
        projection.weights = phases_[p].weights();
        projection.begin = first;
        projection.end = last;
        projection.rows = plan_.first[end] - chunk_first;
        projection.x = operands.x.data();
        projection.projected = projected_[p].data();
        projection.projected_rows = chunk_;
        kernels_.project(phases_[p].phase(), projection);
      });
  }

  void run_phase(const RowShare& rows, size_t p, int worker) {
    const Operands& operands = operands_of(worker);
    const int64_t s = rows.step, begin = rows.begin, offset = begin * step_, row = plan_.first[s] + begin;
    RecurrentStep<T> step;
    step.weights = phases_[p].weights();
    step.descending = s & 1;
    step.rows = rows.end - begin;
    step.x = ahead_ ? nullptr : operands.x.data() + begin;
    step.projected = projected_[p].data() + (row - operands.chunk_first) * phases_[p].width() * ahead_;
    step.projected_rows = chunk_;
    step.state_step = step_;
    step.before = h_.data() + (s & 1) * state_ + offset;
    step.after = h_.data() + (~s & 1) * state_ + offset;
    step.c = c_.data() + (c_.size() ? offset : 0);
    step.update = update_.data() + (update_.size() ? offset : 0);
    step.reset_h = reset_h_.data() + (reset_h_.size() ? offset : 0);
    step.y = a_.y ? operands.y.data() + begin : nullptr;
    step.saved = a_.cache && plan_.slots() ? a_.cache + plan_.saved_at(s, begin) : nullptr;
    step.saved_rows = plan_.count(s);
    claims_.run(worker, phases_[p].panels(), piece_of(phases_[p].panels()), step.descending,
                [&](int64_t first, int64_t last) {
                  RecurrentStep<T> mine = step;
                  mine.begin = first;
                  mine.end = last;
                  kernels_.step(phases_[p].phase(), mine);
                });
  }

  // y at the masked steps of row r: the state that they carry, or zeros.
  void fill_masked(int64_t r) {
    const int64_t n = plan_.order[r];
    const bool zero = plan_.options.zero_output_for_mask;
    const T* carried = zero || !a_.initial_h ? nullptr : a_.initial_h + n * plan_.output_step();
    for (int64_t i = 0, s = 0; i < plan_.steps; ++i) {
      const int64_t t = plan_.time_at(i);
      T* y = a_.y + plan_.place_at(r, t) * plan_.output_step();
      if (s < plan_.length[r] && plan_.time(r, s) == t) {
        ++s;
        if (!zero) carried = y;
      } else if (carried) {
        std::memcpy(y, carried, row_bytes());
      } else {
        std::memset(static_cast<void*>(y), 0, row_bytes());
      }
    }
  }

  const RecurrentPlan& plan_;
  const RecurrentForward<T>& a_;
  const RecurrentKernels<T>& kernels_;
  const std::vector<PackedPhase<T>>& phases_;
  const RecurrentSplit split_;
  Claims claims_;
  StopFlag& stop_;
  const bool ahead_;
  const int64_t step_, state_, chunk_;  // state_: of one state of all rows
  int64_t readable_;                    // steps whose x is there
  const Scratch<T> h_, c_, update_, reset_h_;
  std::vector<Operands> operands_;     // one, or of each worker that shares out panels
  std::vector<Scratch<T>> projected_;  // [phase]: [panel][chunk_][width]
};

}  // namespace foldgate
