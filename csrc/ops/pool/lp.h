// Lp pooling: y[n, p, c] = (sum over taps j of |x[n, p * stride + j * dilation - before, c]|^power)^(1 / power), forward
// and backward. Padding adds nothing.
//   dx[q] = sign(x[q]) |x[q]|^(power - 1) * sum over the windows p that hold q of dy[p] / y[p]^(power - 1)
// where a window of zeros, y = 0, gives 0.
#pragma once
#include "ops/pool/average.h"

namespace foldgate {

// The windows of an AveragePlan whose "means" are sums. ValueError unless power is above 0 and finite.
struct LpPlan {
  AveragePlan sums;
  double power = 2;
  static LpPlan make(const char* op, const std::vector<int64_t>& input_shape, const WindowSpec& spec,
                     double power, bool channels_first);
};

// Scratch: the powers of a window's rows, or of a plane, for every worker.
template <class T>
void lp_pool(const LpPlan& plan, const T* x, T* y);
// Scratch: a value an output.
template <class T>
void lp_pool_backward(const LpPlan& plan, const T* dy, const T* x, const T* y, T* dx);

}  // namespace foldgate
