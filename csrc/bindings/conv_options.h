// What calls say of a convolution besides its operands, in this order; and the operands of a call of its gradients.
#pragma once
#include "bindings/biased_call.h"
#include "bindings/enums.h"
#include "ops/conv/conv.h"

namespace foldgate {

struct ConvOptions {
  Shape strides, pads, dilation;
  int64_t groups;
  bool channels_first;
  int activation, algorithm;
};

inline ConvSpec spec_of(const char* op, const Shape& x, const Shape& kernel, const ConvOptions& o) {
  ConvSpec spec;
  spec.x = x;
  spec.kernel = kernel;
  spec.strides = o.strides;
  spec.pads = o.pads;
  spec.dilation = o.dilation;
  spec.groups = o.groups;
  spec.channels_first = o.channels_first;
  spec.activation = enum_from(op, "activation", o.activation, Activation::kRelu6);
  spec.algorithm = enum_from(op, "algorithm", o.algorithm, kLastConvAlgorithm);
  return spec;
}

// operands: (dy, x, kernel, y), y an array, or None where there is no activation.
template <class T>
ConvBackward<T> conv_backward_operands(const char* op, const py::handle* operands, const BiasedShapes& shapes,
                                       Activation activation, const Gradients<T>& gradients) {
  ConvBackward<T> o{};
  o.dy = read<T>(op, "dy", operands[0], shapes.y);
  o.x = read<T>(op, "x", operands[1], shapes.x);
  o.kernel = read<T>(op, "kernel", operands[2], shapes.weights);
  o.y = read_optional<T>(op, "y", operands[3], shapes.y);
  if (activation != Activation::kLinear && !o.y)
    fail_value(op, ": y is None; expected what the forward returned, as there is an activation");
  o.dx = gradients.x;
  o.dkernel = gradients.weights;
  o.dbias = gradients.bias;
  return o;
}

}  // namespace foldgate
