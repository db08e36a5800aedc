// Layers of one direction over one another, forward and backward: a layer reads as x what the one below it wrote as y.
// On several threads they run as a wavefront (wavefront.h) where that is more than a layer makes of them.
#pragma once
#include "ops/recurrent/recurrent.h"

namespace foldgate {

// By layer, from the first. Plans: of one batch and mask. arrays[l].x is arrays[l - 1].y, which is never null.
template <class T>
void stacked_forward(const std::vector<RecurrentPlan>& plans, const std::vector<RecurrentForward<T>>& arrays);

// dx of a layer is dy of the one below it: dx of the first layer and dy of the last are the caller's, those between are
// scratch of (layers - 1) N T U elements. dh and dc may be null.
template <class T>
void stacked_backward(const std::vector<RecurrentPlan>& plans, std::vector<RecurrentBackward<T>> arrays);

}  // namespace foldgate
