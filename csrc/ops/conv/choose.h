// The rule that picks a convolution's algorithm from its shape, and the check of one that was asked for by name.
#pragma once
#include "ops/conv/plan.h"

namespace foldgate {

// Returns `asked`, or the rule's choice for kByShape. ValueError when the shape cannot be done by `asked`.
ConvAlgorithm choose_conv_algorithm(const char* op, const ConvPlan& plan, ConvAlgorithm asked);

}  // namespace foldgate
