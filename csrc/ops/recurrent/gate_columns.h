// Where the gate gradients of a cell meet its weights: see RecurrentGradient. Columns in units of U.
#pragma once
#include <vector>

#include "ops/recurrent/gradients.h"
#include "ops/recurrent/product.h"
#include "ops/recurrent/recurrent.h"

namespace foldgate {

struct GateColumns {
  int dgates;                            // width of a row
  std::vector<ColumnBlock> input;        // columns of the kernel, in the order of the gate gradients
  int recurrent_first, recurrent_count;  // gate gradients that meet columns 0 .. count of recurrent_kernel
};

GateColumns columns_of(Cell cell);

// What the weights saw.
template <class T>
struct SeenFeatures {
  const Features<T>*x, *h, *reset_h;
};

// Which columns of the gate gradients meet which of the weights, and what these saw.
template <class T>
std::vector<WeightGradient<T>> weight_gradients_of(const RecurrentPlan& plan,
                                                   const RecurrentBackward<T>& arrays,
                                                   const SeenFeatures<T>& seen);

}  // namespace foldgate
