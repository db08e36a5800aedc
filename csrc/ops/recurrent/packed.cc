#include "ops/recurrent/packed.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

constexpr int64_t kFewRows = 8;  // whose pointers need no allocation
// Panels of a task: with few rows the kernel runs the cells of as many together, whose long chains then overlap.
constexpr int64_t kTaskPanels = 4;
constexpr int64_t kMemoryBoundRows = 4;  // fewer rows take as long: the weights' way from memory does

// Pointers to rows `step` apart, of which few are kept beside the caller.
template <class Pointer>
class Rows {
 public:
  Rows(Pointer data, int64_t rows, int64_t step)
      : many_(rows > kFewRows ? Scratch<Pointer>(rows) : Scratch<Pointer>()) {
    Pointer* target = many_.data() ? many_.data() : few_;
    for (int64_t r = 0; r < rows; ++r) target[r] = data + r * step;
  }
  const Pointer* data() const { return many_.data() ? many_.data() : few_; }

 private:
  Pointer few_[kFewRows];
  Scratch<Pointer> many_;
};

// (rows, units) copied between rows of different steps
template <class T>
void copy_rows(const T* source, int64_t source_step, T* target, int64_t target_step, int64_t rows,
               int64_t units) {
  for (int64_t r = 0; r < rows; ++r) std::copy_n(source + r * source_step, units, target + r * target_step);
}

}  // namespace

template <class T>
PackedRecurrent<T>::PackedRecurrent(const RecurrentPlan& plan, const RecurrentWeights<T>& weights,
                                    const RecurrentKernels<T>& kernels)
    : kernels_(kernels),
      cell_(plan.options.cell),
      inputs_(plan.inputs),
      units_(plan.units),
      state_step_(plan.padded_units()),
      phases_(pack_phases(plan, kernels, weights)) {}

template <class T>
void PackedRecurrent<T>::forward(const RecurrentPlan& plan, const RecurrentForward<T>& arrays) const {
  packed_forward(plan, arrays, kernels_, phases_);
}

template <class T>
void PackedRecurrent<T>::forward(const PackedRecurrent& reverse, const Directions<RecurrentPlan>& plans,
                                 const Directions<RecurrentForward<T>>& arrays) const {
  packed_bidirectional_forward(plans, arrays, kernels_, {&phases_, &reverse.phases_});
}

template <class T>
bool PackedRecurrent<T>::is_like(const PackedRecurrent& other) const {
  return cell_ == other.cell_ && inputs_ == other.inputs_ && units_ == other.units_ &&
         &kernels_ == &other.kernels_;
}

// The kernels read and write states in whole vectors: the caller's arrays themselves where a row is made of these, else
// padded copies, which give y, without padding, what the caller takes.
template <class T>
void PackedRecurrent<T>::step(int64_t rows, const PackedStep<T>& a) const {
  if (rows == 0) return;
  const bool in_place = units_ == state_step_, lstm = cell_ == Cell::kLstm,
             before = cell_ == Cell::kGruBefore;
  const int64_t state = rows * state_step_, copies = in_place ? 0 : 2 + lstm;
  const Scratch<T> scratch = copies || before ? Scratch<T>((copies + 2 * before) * state) : Scratch<T>();
  const Rows<const T*> x(a.x, rows, inputs_);
  const Rows<T*> y(a.next_h, in_place ? 0 : rows, units_);
  RecurrentStep<T> step;
  step.rows = rows;
  step.x = x.data();
  step.state_step = state_step_;
  step.before = a.h;
  step.after = a.next_h;
  step.c = a.next_c;
  if (in_place) {
    if (lstm && a.next_c != a.c) std::copy_n(a.c, rows * units_, a.next_c);
  } else {
    std::memset(static_cast<void*>(scratch.data()), 0, static_cast<size_t>(copies * state) * sizeof(T));
    copy_rows(a.h, units_, scratch.data(), state_step_, rows, units_);
    if (lstm) copy_rows(a.c, units_, scratch.data() + 2 * state, state_step_, rows, units_);
    step.before = scratch.data();
    step.after = scratch.data() + state;
    step.c = scratch.data() + 2 * state * lstm;
    step.y = y.data();
  }
  if (before) {
    step.update = scratch.data() + copies * state;
    step.reset_h = step.update + state;
  }
  for (const PackedPhase<T>& phase : phases_) run_phase(phase, step);
  if (!in_place && lstm) copy_rows<T>(step.c, state_step_, a.next_c, units_, rows, units_);
}

template <class T>
void PackedRecurrent<T>::run_phase(const PackedPhase<T>& phase, const RecurrentStep<T>& step) const {
  RecurrentStep<T> all = step;
  all.weights = phase.weights();
  all.end = phase.panels();
  const int64_t tasks = ceil_div(phase.panels(), kTaskPanels);
  const double work = static_cast<double>(std::max(step.rows, kMemoryBoundRows)) * phase.panels() *
                      phase.width() * (inputs_ + units_);
  const int workers = workers_for(tasks, work);
  if (workers == 1) return kernels_.step(phase.phase(), all);
  parallel_for(tasks, workers, [&](int64_t task, int) {
    RecurrentStep<T> mine = all;
    mine.begin = task * kTaskPanels;
    mine.end = std::min(all.end, mine.begin + kTaskPanels);
    kernels_.step(phase.phase(), mine);
  });
}

template class PackedRecurrent<float>;
template class PackedRecurrent<double>;

}  // namespace foldgate
