// What calls say of a convolution besides its operands, in this order.
#pragma once
#include "bindings/arrays.h"
#include "bindings/enums.h"
#include "ops/conv/plan.h"

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

}  // namespace foldgate
