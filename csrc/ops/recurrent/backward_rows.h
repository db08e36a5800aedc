// What a step of the backward pass reads of its rows: x, y, dy and the h that entered. x and h stay for the chunk, where
// the gradients of the weights read them. y, which the simple RNN alone reads, and its dy are read row by row in place.
#pragma once
#include <cstring>

#include "ops/recurrent/gradients.h"
#include "ops/recurrent/recurrent.h"
#include "ops/recurrent/rows.h"

namespace foldgate {

template <class T>
class BackwardRows {
 public:
  BackwardRows(const RecurrentPlan& plan, const RecurrentBackward<T>& arrays, int64_t chunk)
      : x(plan.inputs, arrays.dbias != nullptr, plan.row_step(plan.inputs + 1), chunk),
        h(plan.units, arrays.dbias && plan.options.cell == Cell::kGru, plan.row_step(plan.units + 1), chunk),
        plan_(plan),
        a_(arrays),
        no_state_(plan.units),
        gradients_(plan, plan.units, arrays.dy && plan.slots()),
        h_(plan.batch),
        y_(plan.batch),
        dy_(plan.batch) {
    no_state_.zero();
  }

  // Rows [first, first + rows) of step s, rows `at` on of the chunk, which no other thread gathers: each is fetched while
  // the one before is copied.
  void gather(int64_t s, int64_t first, int64_t rows, int64_t at) const {
    for (int64_t r = first; r < first + rows; ++r, ++at) {
      if (r + 1 < first + rows) fetch(s, r + 1);
      const int64_t place = plan_.place(r, s);
      copy_row(x.row(at), a_.x + place * plan_.inputs, plan_.inputs);
      copy_row(h.row(at), state_before(s, r), plan_.units);
      h_[r] = h.row(at);
      y_[r] = a_.y + place * plan_.output_step();
      if (a_.dy) dy_[r] = gradients_.put(r, a_.dy + place * plan_.output_step());
    }
  }

  // Pointers to the gathered rows, from row `first` on; of dy null where there is none.
  const T* const* h_before(int64_t first) const { return h_.data() + first; }
  const T* const* y(int64_t first) const { return y_.data() + first; }
  const T* const* dy(int64_t first) const { return a_.dy ? dy_.data() + first : nullptr; }

  const Features<T> x, h;

 private:
  static void copy_row(T* target, const T* source, int64_t width) {
    std::memcpy(target, source, static_cast<size_t>(width) * sizeof(T));
  }
  // Inlined, both: gcc drops calls of a function that only fetches.
  [[gnu::always_inline]] static void fetch_row(const T* row, int64_t width) {
    constexpr int64_t kLine = 64 / sizeof(T);
    for (int64_t i = 0; i < width; i += kLine) __builtin_prefetch(row + i);
  }

  const T* state_before(int64_t s, int64_t r) const {
    if (s > 0) return a_.y + plan_.place(r, s - 1) * plan_.output_step();
    return a_.initial_h ? a_.initial_h + plan_.order[r] * plan_.output_step() : no_state_.data();
  }

  [[gnu::always_inline]] void fetch(int64_t s, int64_t r) const {
    const int64_t place = plan_.place(r, s);
    fetch_row(a_.x + place * plan_.inputs, plan_.inputs);
    fetch_row(state_before(s, r), plan_.units);
    if (a_.dy) fetch_row(a_.dy + place * plan_.output_step(), plan_.units);
  }

  const RecurrentPlan& plan_;
  const RecurrentBackward<T>& a_;
  const Scratch<T> no_state_;
  const GatheredRows<T> gradients_;
  const Scratch<const T*> h_, y_, dy_;
};

}  // namespace foldgate
