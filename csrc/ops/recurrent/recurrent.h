// LSTM, GRU and simple RNN over whole sequences, forward and backward. All arrays are C-contiguous, of the shapes that
// the plan was made from and owned by the caller; outputs overlap nothing. Equations: kernels/recurrent_cells.h.
#pragma once
#include <array>

#include "ops/recurrent/plan.h"

namespace foldgate {

template <class T>
struct RecurrentWeights {
  const T* kernel = nullptr;            // (D, G U)
  const T* recurrent_kernel = nullptr;  // (U, G U)
  const T* bias = nullptr;              // (G U,), kGru (2, 3 U); null: none
};

template <class T>
struct RecurrentForward {
  const T* x = nullptr;  // (N, T, D); what is masked is not read
  RecurrentWeights<T> weights;
  const T* initial_h = nullptr;  // (N, U); null: zeros
  const T* initial_c = nullptr;  // LSTM alone
  T* y = nullptr;                // (N, T, U); null: not wanted
  T* h = nullptr;                // (N, U): after the last step
  T* c = nullptr;                // LSTM alone
  T* cache = nullptr;            // plan.cache_size(), for backward; null: not wanted
};

template <class T>
struct RecurrentBackward {
  const T* dy = nullptr;  // (N, T, U); dy, dh and dc may be null: zeros
  const T* dh = nullptr;  // (N, U)
  const T* dc = nullptr;
  const T* x = nullptr;
  RecurrentWeights<T> weights;
  const T* y = nullptr;
  const T* cache = nullptr;
  const T* initial_h = nullptr;
  const T* initial_c = nullptr;
  T* dx = nullptr;  // null: not wanted
  T* dkernel = nullptr;
  T* drecurrent_kernel = nullptr;
  T* dbias = nullptr;  // null: not wanted
  T* dinitial_h = nullptr;
  T* dinitial_c = nullptr;  // LSTM alone
};

// The phases of a cell, in order.
std::vector<Phase> phases_of(Cell cell);

template <class T>
void recurrent_forward(const RecurrentPlan& plan, const RecurrentForward<T>& arrays);

template <class T>
void recurrent_backward(const RecurrentPlan& plan, const RecurrentBackward<T>& arrays);

// A layer's two directions over one x, on two threads where that is more than a direction makes of them. The plans are
// equal but for `reverse`, and side_by_side: y, the states and their gradients are the columns 0 .. U and U .. 2 U of
// shared rows, at which the arrays point. dx is that of both, at arrays[0].dx, with a second of its size as scratch.
template <class Each>
using Directions = std::array<Each, 2>;

template <class T>
void bidirectional_forward(const Directions<RecurrentPlan>& plans,
                           const Directions<RecurrentForward<T>>& arrays);
template <class T>
void bidirectional_backward(const Directions<RecurrentPlan>& plans,
                            const Directions<RecurrentBackward<T>>& arrays);

// A cache says what made it. ValueError unless that is this plan's cell on this tier; its size is the caller's check.
template <class T>
void write_cache_header(const RecurrentPlan& plan, T* cache);
template <class T>
void check_cache(const RecurrentPlan& plan, const T* cache);

}  // namespace foldgate
