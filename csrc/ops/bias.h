// y = f(x + bias) and its gradients, over rows or planes; relu(a + b).
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/activation.h"

namespace foldgate {

// x as (outer, channels, inner): rows where inner is 1 (channels_last), planes else (channels_first). Validated by make.
struct BiasPlan {
  int64_t outer = 0, channels = 0, inner = 1;
  Activation activation = Activation::kLinear;

  static BiasPlan make(const char* op, const std::vector<int64_t>& shape, bool channels_first,
                       Activation activation);
};

// x, y as the plan has them, bias (channels,)
template <class T>
void bias_add(const BiasPlan& plan, const T* x, const T* bias, T* y);

// dx = dy f'(y) and dbias[c] = sum of dx over all but the channels; y is read where there is an activation. Without one
// dx, which is dy, may be null.
template <class T>
void bias_add_backward(const BiasPlan& plan, const T* dy, const T* y, T* dx, T* dbias);

// y[i] = max(0, a[i] + b[i]), n values
template <class T>
void add_relu(const T* a, const T* b, int64_t n, T* y);

}  // namespace foldgate
