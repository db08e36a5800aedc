// y[i] = f(x[i]) and dx[i] = dy[i] f'(x[i]) for the functions of kernels/elementwise.h.
#pragma once
#include <cstdint>

#include "kernels/elementwise.h"

namespace foldgate {

// x, y (n,); y may be x. a: the function's parameter, if it has one.
template <class T>
void elementwise_forward(Elementwise function, T a, const T* x, int64_t n, T* y);
// dy, v, dx (n,); v is y or x, by the function; dx may be dy or v.
template <class T>
void elementwise_backward(Elementwise function, T a, const T* dy, const T* v, int64_t n, T* dx);

}  // namespace foldgate
