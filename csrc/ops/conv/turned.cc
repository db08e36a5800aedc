#include "ops/conv/turned.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/table.h"
#include "ops/conv/direct.h"

namespace foldgate {
namespace {

// A number that is turned takes as long as so many multiply-adds of a vector.
constexpr double kTurnCost = 1.15;
// One that is framed again, for every tap along the depth but one.
constexpr double kFrameCost = 0.6;
// Rows of fewer channels wait for what they load.
constexpr int64_t kLeastColumns = 3;
// Of few_backward_data, for a channel of dx, a tap and a position: what adds the products, and what makes them.
constexpr double kAddCost = 0.75, kProductCost = 0.08;

bool may_turn(const ConvPlan& plan) {
  return !plan.channels_first && plan.algorithm == ConvAlgorithm::kDirect && plan.groups == 1 &&
         plan.window.width().stride == 1;
}

// Multiply-adds of a vector for a position of so many terms and columns: along the channels of a pixel, ...
template <class T>
double by_pixels(int64_t terms, int64_t columns) {
  return static_cast<double>(terms * ceil_div(columns, int64_t{kernels<T>().gemm.lanes}));
}
// ... and along rows of `width` positions.
template <class T>
double by_rows(int64_t terms, int64_t columns, int64_t width) {
  const int64_t lanes = kernels<T>().gemm.lanes;
  return static_cast<double>(terms * std::max(columns, kLeastColumns) * round_up(width, lanes)) /
         static_cast<double>(width * lanes);
}

// Whether so many multiply-adds saved for each of the positions are more than turning the images takes.
bool saves(const ConvPlan& plan, double each, int64_t positions, int64_t channels) {
  const int64_t numbers =
      plan.window.input_positions() * plan.in_channels + plan.window.output_positions() * plan.out_channels;
  const int64_t framed = positions * channels * (plan.window.depth().kernel - 1);
  return each * static_cast<double>(positions) >
         kTurnCost * static_cast<double>(numbers) + kFrameCost * static_cast<double>(framed);
}

}  // namespace

template <class T>
bool turned_forward_pays(const ConvPlan& plan) {
  if (!may_turn(plan)) return false;
  const int64_t terms = plan.taps() * plan.in_channels, columns = plan.out_channels;
  const double each = by_pixels<T>(terms, columns) - by_rows<T>(terms, columns, plan.window.width().output);
  return saves(plan, each, plan.window.output_positions(), plan.in_channels) &&
         forward_by_rows<T>(as_planes(plan));
}

template <class T>
bool turned_backward_data_pays(const ConvPlan& plan) {
  if (!may_turn(plan)) return false;
  const int64_t terms = plan.taps() * plan.out_channels, columns = plan.in_channels;
  double pixels = by_pixels<T>(terms, columns);
  if (few_backward<T>(plan)) {
    const double products = kProductCost * static_cast<double>(plan.out_channels);
    pixels = std::min(pixels, static_cast<double>(plan.taps() * columns) * (kAddCost + products));
  }
  const double each = pixels - by_rows<T>(terms, columns, plan.window.width().input);
  return saves(plan, each, plan.window.input_positions(), plan.out_channels) &&
         backward_by_rows<T>(as_planes(plan));
}

ConvPlan as_planes(const ConvPlan& plan) {
  ConvPlan planes = plan;
  planes.channels_first = true;
  return planes;
}

#define FOLDGATE_INSTANTIATE(T)                               \
  template bool turned_forward_pays<T>(const ConvPlan& plan); \
  template bool turned_backward_data_pays<T>(const ConvPlan& plan);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
