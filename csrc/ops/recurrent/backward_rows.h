// What a step of the backward pass reads of its rows: x, y, dy and the h that entered.
#pragma once
#include "core/scratch.h"
#include "ops/recurrent/recurrent.h"
#include "ops/recurrent/rows.h"

namespace foldgate {

template <class T>
class BackwardRows {
 public:
  BackwardRows(const RecurrentPlan& plan, const RecurrentBackward<T>& arrays)
      : plan_(plan),
        a_(arrays),
        no_state_(plan.units),
        inputs_(plan, plan.inputs, true),
        states_(plan, plan.units, true),
        outputs_(plan, plan.units, !plan.slots()),
        gradients_(plan, plan.units, arrays.dy),
        x_(plan.batch),
        h_(plan.batch),
        y_(plan.batch),
        dy_(plan.batch) {
    no_state_.zero();
  }

  // Rows [first, first + rows) of step s, which no other thread gathers: each is fetched while the one before is copied.
  void gather(int64_t s, int64_t first, int64_t rows) const {
    for (int64_t r = first; r < first + rows; ++r) {
      if (r + 1 < first + rows) fetch(s, r + 1);
      const int64_t place = plan_.place(r, s);
      x_[r] = inputs_.put(r, a_.x + place * plan_.inputs);
      y_[r] = outputs_.put(r, a_.y + place * plan_.output_step());
      h_[r] = states_.put(r, state_before(s, r));
      if (a_.dy) dy_[r] = gradients_.put(r, a_.dy + place * plan_.output_step());
    }
  }

  // Pointers to the gathered rows, from row `first` on; of dy null where there is none.
  const T* const* x(int64_t first) const { return x_.data() + first; }
  const T* const* h(int64_t first) const { return h_.data() + first; }
  const T* const* y(int64_t first) const { return y_.data() + first; }
  const T* const* dy(int64_t first) const { return a_.dy ? dy_.data() + first : nullptr; }

 private:
  const T* state_before(int64_t s, int64_t r) const {
    if (s > 0) return a_.y + plan_.place(r, s - 1) * plan_.output_step();
    return a_.initial_h ? a_.initial_h + plan_.order[r] * plan_.output_step() : no_state_.data();
  }

  void fetch(int64_t s, int64_t r) const {
    const int64_t place = plan_.place(r, s);
    inputs_.fetch(a_.x + place * plan_.inputs);
    outputs_.fetch(a_.y + place * plan_.output_step());
    states_.fetch(state_before(s, r));
    if (a_.dy) gradients_.fetch(a_.dy + place * plan_.output_step());
  }

  const RecurrentPlan& plan_;
  const RecurrentBackward<T>& a_;
  const Scratch<T> no_state_;
  const GatheredRows<T> inputs_, states_, outputs_, gradients_;
  const Scratch<const T*> x_, h_, y_, dy_;
};

}  // namespace foldgate
