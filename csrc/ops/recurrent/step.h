// One step of LSTM, GRU or simple RNN, forward and backward, for loops of the caller's own: x (N, D), states (N, U). The
// weights are read where they are, by the matrix product. The plan is that of a sequence of one step, x (N, 1, D).
#pragma once
#include "ops/recurrent/recurrent.h"

namespace foldgate {

template <class T>
struct StepForward {
  const T* x = nullptr;
  const T* h = nullptr;
  const T* c = nullptr;  // LSTM alone
  RecurrentWeights<T> weights;
  T* next_h = nullptr;
  T* next_c = nullptr;
  T* cache = nullptr;  // step_cache_size(plan); null: not wanted
};

template <class T>
struct StepBackward {
  const T* dh = nullptr;  // of the states that leave; null: zeros
  const T* dc = nullptr;
  const T* x = nullptr;
  const T* h = nullptr;  // what entered
  const T* c = nullptr;
  RecurrentWeights<T> weights;
  const T* cache = nullptr;
  T* dx = nullptr;
  T* dkernel = nullptr;
  T* drecurrent_kernel = nullptr;
  T* dbias = nullptr;  // null: not wanted
  T* dh_before = nullptr;
  T* dc_before = nullptr;
};

// As a sequence's cache; the simple RNN keeps h', which backward is not given.
int64_t step_cache_size(const RecurrentPlan& plan);

template <class T>
void recurrent_step(const RecurrentPlan& plan, const StepForward<T>& arrays);

template <class T>
void recurrent_step_backward(const RecurrentPlan& plan, const StepBackward<T>& arrays);

}  // namespace foldgate
