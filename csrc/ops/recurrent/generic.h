// LSTM, GRU and simple RNN with options (kernels/recurrent_generic.h has the equations), and an LSTM whose h is
// projected: h' = m projection, so that h has P numbers, and c U. A GEMM for each product and a pass over the gates: the
// fused path (recurrent.h) has the common cells. Arrays are as in recurrent.h, with P for h's U.
#pragma once
#include "kernels/recurrent_generic.h"
#include "ops/recurrent/recurrent.h"

namespace foldgate {

struct GenericPlan {
  // As RecurrentPlan::make; projection: the shape of the array, empty for none. cell: any but kRelu; kTanh stands for
  // the RNN with the function `gate`.
  static GenericPlan make(const RecurrentOptions& options, const GateFunctions& functions, const Extents& x,
                          const Extents& kernel, const Extents& recurrent_kernel, const Extents& projection,
                          const bool* mask, const int64_t* lengths);

  Cell cell() const { return rows.options.cell; }
  int64_t columns() const { return rows.gates() * rows.units; }
  // The cache: RecurrentPlan::kCacheHeader elements that say what made it, then [row][saved()].
  int64_t saved() const {
    return rows.units * (cell() == Cell::kLstm ? 5 : cell() == Cell::kGru ? 4 : rows.gates());
  }
  int64_t cache_size() const { return RecurrentPlan::kCacheHeader + rows.rows() * saved(); }

  RecurrentPlan rows;  // which rows run at which step
  GateFunctions functions;
  int64_t outputs = 0;  // P, the numbers of h
  bool projected = false;
};

template <class T>
struct GenericForward {
  RecurrentForward<T> arrays;
  const T* peephole = nullptr;    // LSTM (3, U): of i, f, o; null: none
  const T* projection = nullptr;  // LSTM (U, P); null: none
};

template <class T>
struct GenericBackward {
  RecurrentBackward<T> arrays;  // y is read for the h that entered each step but the first
  const T* peephole = nullptr;
  const T* projection = nullptr;
  T* dpeephole = nullptr;  // null: not wanted
  T* dprojection = nullptr;
};

template <class T>
void generic_forward(const GenericPlan& plan, const GenericForward<T>& arrays);
template <class T>
void generic_backward(const GenericPlan& plan, const GenericBackward<T>& arrays);

// ValueError unless a cache was made by this plan's cell and options; its size is the caller's check.
template <class T>
void check_generic_cache(const GenericPlan& plan, const T* cache);
template <class T>
void write_generic_header(const GenericPlan& plan, T* cache);

}  // namespace foldgate
