// A layer's weights packed once for many calls, whole sequences and single steps (streaming).
//
// It can never serve stale weights: it holds copies, so that later writes to the arrays that it was made from do not
// reach it, and it never changes. Other weights are another object. It keeps the kernels of the tier that it was made
// on, whose vectors its panels are cut to. Any number of threads may use one at once.
//
// A step and a sequence run the same register tiles over the same panels, so that T steps give the bits of a sequence
// of T.
#pragma once
#include "ops/recurrent/pack.h"

namespace foldgate {

template <class T>
struct PackedStep {
  const T* x = nullptr;  // (N, D)
  const T* h = nullptr;  // (N, U)
  const T* c = nullptr;  // LSTM alone
  T* next_h = nullptr;   // (N, U), apart from h
  T* next_c = nullptr;   // LSTM alone; may be c
};

template <class T>
class PackedRecurrent {
 public:
  // plan: of these weights and any x.
  PackedRecurrent(const RecurrentPlan& plan, const RecurrentWeights<T>& weights,
                  const RecurrentKernels<T>& kernels);

  Cell cell() const { return cell_; }
  int64_t inputs() const { return inputs_; }
  int64_t units() const { return units_; }
  int gates() const { return kCellGates[static_cast<int>(cell_)]; }
  int lanes() const { return kernels_.lanes; }

  // plan: of these weights' cell, shapes and lanes. arrays.weights is not read, and arrays.cache is null.
  void forward(const RecurrentPlan& plan, const RecurrentForward<T>& arrays) const;
  // Both directions, as bidirectional_forward: this one's forward, `reverse` is_like this.
  void forward(const PackedRecurrent& reverse, const Directions<RecurrentPlan>& plans,
               const Directions<RecurrentForward<T>>& arrays) const;
  bool is_like(const PackedRecurrent& other) const;  // of one cell, shape and tier
  void step(int64_t rows, const PackedStep<T>& arrays) const;

 private:
  void run_phase(const PackedPhase<T>& phase, const RecurrentStep<T>& step) const;

  const RecurrentKernels<T>& kernels_;
  const Cell cell_;
  const int64_t inputs_, units_, state_step_;  // state_step_: units in whole vectors
  const std::vector<PackedPhase<T>> phases_;
};

}  // namespace foldgate
