// Direct convolution of channels_last images by whole rows of planes (planar_gemm.h): vectors along the channels of a
// pixel would be mostly empty where there are few, along a row of a plane they are full, and turning images of few
// channels to planes and back costs little.
#pragma once
#include "ops/conv/plan.h"

namespace foldgate {

template <class T>
bool turned_forward_pays(const ConvPlan& plan);
template <class T>
bool turned_backward_data_pays(const ConvPlan& plan);

// The same convolution of channels_first images.
ConvPlan as_planes(const ConvPlan& plan);

}  // namespace foldgate
