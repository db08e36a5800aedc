#include <cmath>

#include "core/check.h"
#include "ops/norm/channels.h"

namespace foldgate {
namespace {

void check_extents(const char* op, const std::vector<int64_t>& shape) {
  for (const int64_t extent : shape)
    require(extent >= 0, op, ": x has shape ", shape_text(shape), "; expected no negative extents");
  checked_product(op, shape);
}

int64_t product(const std::vector<int64_t>& shape, size_t first, size_t last) {
  int64_t all = 1;
  for (size_t i = first; i < last; ++i) all *= shape[i];
  return all;
}

}  // namespace

ChannelNormPlan ChannelNormPlan::make_batch(const char* op, const std::vector<int64_t>& shape, int64_t axis) {
  const auto rank = static_cast<int64_t>(shape.size());
  require(rank >= 2, op, ": x has shape ", shape_text(shape), "; expected at least 2 axes");
  require(axis >= 0 && axis < rank, op, ": axis is ", axis, "; expected 0 to ", rank - 1);
  check_extents(op, shape);
  const auto at = static_cast<size_t>(axis);
  ChannelNormPlan plan;
  plan.shape = shape;
  plan.samples = 1;
  plan.channels = plan.groups = shape[at];
  if (checked_product(op, shape) == 0) return plan;
  plan.rows = product(shape, 0, at);
  plan.inner = product(shape, at + 1, shape.size());
  return plan;
}

ChannelNormPlan ChannelNormPlan::make_group(const char* op, const std::vector<int64_t>& shape,
                                            bool channels_first, int64_t groups) {
  require(shape.size() >= 2, op, ": x has shape ", shape_text(shape), "; expected at least 2 axes");
  check_extents(op, shape);
  const size_t last = shape.size() - 1;
  ChannelNormPlan plan;
  plan.shape = shape;
  plan.samples = shape[0];
  plan.channels = channels_first ? shape[1] : shape[last];
  plan.groups = groups;
  require(groups >= 1 && plan.channels >= groups && plan.channels % groups == 0, op, ": groups is ", groups,
          "; expected a divisor of x's ", plan.channels, " channels");
  const size_t first = channels_first ? 2 : 1, past = channels_first ? shape.size() : last;
  for (size_t i = first; i < past; ++i)
    require(shape[i] >= 1, op, ": x has shape ", shape_text(shape), "; expected at least one position");
  checked_product(op, {shape.begin() + 1, shape.end()});
  const int64_t positions = product(shape, first, past);
  plan.rows = channels_first ? 1 : positions;
  plan.inner = channels_first ? positions : 1;
  return plan;
}

template <class T>
T inverse_deviation(T variance, T epsilon) {
  return T(1) / std::sqrt(variance + epsilon);
}

template float inverse_deviation(float, float);
template double inverse_deviation(double, double);

}  // namespace foldgate
