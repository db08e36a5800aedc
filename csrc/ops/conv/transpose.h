// Transposed convolution: the adjoint of a convolution, with a bias and an activation of its own.
//
//   y[n][q][o] = activation(bias[o] + sum over taps j, positions p with p * stride + j * dilation - before = q, channels c
//                of x[n][p][c] * kernel[j][o][c])
//
// It is what a convolution from y's images to x's, with the same kernel (*k, Cout / groups, Cin), does to gradients: the
// forward is that convolution's backward to its input, and the gradient with respect to x is its forward.
#pragma once
#include "ops/conv/conv.h"

namespace foldgate {

struct ConvTransposeSpec {
  std::vector<int64_t> x, kernel;                          // shapes
  std::vector<int64_t> strides, before, output, dilation;  // an entry an axis; output: y's spatial extents
  int64_t groups = 1;
  bool channels_first = false;
  Activation activation = Activation::kLinear;
  ConvAlgorithm algorithm = ConvAlgorithm::kByShape;  // of the convolution
};

struct ConvTransposePlan {
  ConvPlan adjoint;  // from y's shape to x's, without an activation
  Activation activation = Activation::kLinear;

  std::vector<int64_t> x_shape() const { return adjoint.y_shape(); }
  std::vector<int64_t> y_shape() const { return adjoint.x_shape(); }
  int64_t out_channels() const { return adjoint.in_channels; }
  int64_t positions() const { return adjoint.window.input_positions(); }  // of an image of y
  int64_t y_size() const { return adjoint.batch * positions() * out_channels(); }

  // Throws ValueError naming the op, the argument, what was found and what was expected.
  static ConvTransposePlan make(const char* op, const ConvTransposeSpec& spec);
};

// bias (Cout,) or null. Scratch: that of the convolution's backward to its input.
template <class T>
void conv_transpose_forward(const ConvTransposePlan& plan, const T* x, const T* kernel, const T* bias, T* y);

// Nothing is written over dy. Scratch: that of the convolution; with an activation, y_size().
template <class T>
void conv_transpose_backward(const ConvTransposePlan& plan, const ConvBackward<T>& operands);

}  // namespace foldgate
