// Convolution and the maximum of its windows of 2 x 2 outputs, as one operation.
//   y[n][p][o] = max over q in {0, 1} x {0, 1} of conv[n][2 p + q][o]
#pragma once
#include "ops/conv/plan.h"
#include "ops/pool/pool.h"

namespace foldgate {

struct ConvPoolPlan {
  ConvPlan conv;
  PoolPlan pool;

  // Throws ValueError as ConvPlan::make and PoolPlan::make do, and where the kernel has not two spatial axes.
  static ConvPoolPlan make(const char* op, const ConvSpec& spec);
};

// y and, unless null, the winners' taps as plan.pool shapes them. Winograd's convolution pools in its output transform;
// the others go through scratch of the convolution's output.
template <class T>
void conv_max_pool(const ConvPoolPlan& plan, const T* x, const T* kernel, const T* bias, T* y, uint8_t* taps);

}  // namespace foldgate
