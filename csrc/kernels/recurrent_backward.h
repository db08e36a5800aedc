// The elementwise part of a step's gradient: in the order of the cache, unit vector by unit vector over all rows of the
// step; where there is none, row by row, which reads y and dy where they are, in their order.
#pragma once
#include "kernels/recurrent.h"
#include "kernels/recurrent_cells.h"

namespace foldgate::FOLDGATE_ISA {

// One row and unit vector of a RecurrentGradient: where its operands are.
template <class T>
struct GradientVector {
  const RecurrentGradient<T>& s;
  int64_t row, unit_vector;

  inline __attribute__((always_inline)) int64_t unit() const { return unit_vector * kLanes<T>; }
  inline __attribute__((always_inline)) int64_t live() const { return s.units - unit(); }
  inline __attribute__((always_inline)) int64_t at() const { return row * s.state_step + unit(); }
  inline __attribute__((always_inline)) Vec<T> saved(int64_t slots, int64_t slot) const {
    return load(s.saved + ((unit_vector * s.saved_rows + row) * slots + slot) * kLanes<T>);
  }
  inline __attribute__((always_inline)) Vec<T> h_before() const {
    return load(s.h_before[row] + unit(), live());
  }
  inline __attribute__((always_inline)) Vec<T> dh() const {
    const Vec<T> dh = load(s.dh + at());
    return s.dy ? dh + load(s.dy[row] + unit(), live()) : dh;
  }
  inline __attribute__((always_inline)) void put(int64_t gate, Vec<T> d) const {
    store(s.dgates + row * s.dgates_step + gate * s.units + unit(), d, live());
  }
};

template <class T>
FOLDGATE_INLINE void lstm_gradient(const GradientVector<T>& v) {
  const auto& s = v.s;
  const Vec<T> c_before = load(s.c_before + v.row * s.c_row + v.unit_vector * s.c_vector);
  const LstmState<T> state{v.saved(5, 0), v.saved(5, 1), v.saved(5, 2), v.saved(5, 3), v.saved(5, 4)};
  const LstmGradient<T> d = lstm_backward<T>(state, c_before, v.dh(), load(s.dc + v.at()));
  v.put(0, d.i), v.put(1, d.f), v.put(2, d.g), v.put(3, d.o);
  store(s.dc + v.at(), d.c_before);
  store(s.dh + v.at(), Vec<T>{});
}

template <class T>
FOLDGATE_INLINE void gru_gradient(const GradientVector<T>& v) {
  const GruState<T> state{v.saved(4, 0), v.saved(4, 1), v.saved(4, 2), v.saved(4, 3)};
  const GruGradient<T> d = gru_backward<T>(state, v.h_before(), v.dh());
  v.put(0, d.n), v.put(1, d.z), v.put(2, d.r), v.put(3, d.hn);
  store(v.s.dh + v.at(), d.h_before);
}

template <class T>
FOLDGATE_INLINE void candidate_gradient(const GradientVector<T>& v) {
  const GruGradient<T> d = gru_candidate_backward<T>(v.saved(3, 0), v.saved(3, 2), v.h_before(), v.dh());
  v.put(0, d.z), v.put(2, d.n);
  store(v.s.dh + v.at(), d.h_before);
}

template <class T, bool kRelu>
FOLDGATE_INLINE void rnn_gradient(const GradientVector<T>& v) {
  v.put(0, rnn_backward<T, kRelu>(load(v.s.y[v.row] + v.unit(), v.live()), v.dh()));
  store(v.s.dh + v.at(), Vec<T>{});
}

template <class T, class Body>
FOLDGATE_INLINE void each_gradient_vector(const RecurrentGradient<T>& s, Body body) {
  for (int64_t vector = 0; vector * kLanes<T> < s.units; ++vector)
    for (int64_t row = 0; row < s.rows; ++row) body(GradientVector<T>{s, row, vector});
}

template <class T, class Body>
FOLDGATE_INLINE void each_gradient_row(const RecurrentGradient<T>& s, Body body) {
  for (int64_t row = 0; row < s.rows; ++row)
    for (int64_t vector = 0; vector * kLanes<T> < s.units; ++vector) body(GradientVector<T>{s, row, vector});
}

template <class T>
void gradient(Cell cell, const RecurrentGradient<T>& s) {
  using V = GradientVector<T>;
  switch (cell) {
    case Cell::kLstm: return each_gradient_vector(s, [](V v) FOLDGATE_LAMBDA { lstm_gradient<T>(v); });
    case Cell::kGru: return each_gradient_vector(s, [](V v) FOLDGATE_LAMBDA { gru_gradient<T>(v); });
    case Cell::kGruBefore:
      return each_gradient_vector(s, [](V v) FOLDGATE_LAMBDA { candidate_gradient<T>(v); });
    case Cell::kTanh: return each_gradient_row(s, [](V v) FOLDGATE_LAMBDA { rnn_gradient<T, false>(v); });
    case Cell::kRelu: return each_gradient_row(s, [](V v) FOLDGATE_LAMBDA { rnn_gradient<T, true>(v); });
  }
}

template <class T>
void reset_gradient(const RecurrentGradient<T>& s) {
  each_gradient_vector(s, [](GradientVector<T> v) FOLDGATE_LAMBDA {
    const Vec<T> r = v.saved(3, 1), h = v.h_before();
    const GruGradient<T> d = gru_reset_backward<T>(r, h, load(v.s.dreset_h + v.at()));
    v.put(1, d.r);
    store(v.s.dh + v.at(), load(v.s.dh + v.at()) + d.h_before);
    store(v.s.reset_h + v.at(), r * h);
  });
}

}  // namespace foldgate::FOLDGATE_ISA
