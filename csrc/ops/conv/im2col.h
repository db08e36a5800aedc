// Windows laid out as the rows of a matrix, and the adjoint that adds the rows back.
//   columns[n][p][(j, c)] = x[n][p * stride - before + j * dilation][c], 0 in the padding
#pragma once
#include <cstdint>

#include "ops/conv/plan.h"

namespace foldgate {

// The public ops, both data formats: x (N, *in, C) or (N, C, *in), columns (N, *out, K) or (N, K, *out).
template <class T>
void im2col(const ColumnsPlan& plan, const T* x, T* columns);
// Every element of x is written once, as a sum whose order the shape alone sets.
template <class T>
void col2im(const ColumnsPlan& plan, const T* columns, T* x);

// Convolution by explicit im2col and a matrix product a group, channels_last; as direct.h.
// Scratch: columns of at most kColumnsBytes, or of one image; backward to the kernel also one copy of it.
constexpr int64_t kColumnsBytes = 8 << 20;
template <class T>
void im2col_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias, T* y);
template <class T>
void im2col_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx);
template <class T>
void im2col_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                             T* dkernel);

}  // namespace foldgate
