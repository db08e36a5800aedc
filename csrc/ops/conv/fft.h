// Convolution along one axis by Fourier transforms (fft_product.h), and the rule that chooses it.
// `batch` sequences of the plan's geometry; x (batch, in, Cin), y and dy (batch, out, Cout), kernel (k, Cin/groups, Cout).
#pragma once
#include <cstdint>

#include "ops/conv/plan.h"

namespace foldgate {

constexpr int64_t kFftMostTaps = 1 << 15;  // half of the largest transform
// One spatial axis, a stride of 1 and at most kFftMostTaps taps.
bool fft_can(const ConvPlan& plan);
// Whether its time, by a model of both, is less than that of the sums themselves by a margin.
bool fft_pays(const ConvPlan& plan);

// y = activation(x * kernel + bias)
template <class T>
void fft_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias, T* y);
// dx = the gradient of sum(dy * y) by x; all of dx is written. Scratch: a copy of the kernel besides.
template <class T>
void fft_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx);
// dkernel (+)= the gradient by the kernel. Scratch: 2 F numbers for each of the kernel's sums.
template <class T>
void fft_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                          T* dkernel);

}  // namespace foldgate
