#include "ops/conv/plan.h"

#include "core/check.h"
#include "ops/conv/choose.h"

namespace foldgate {
namespace {

void check_ranks(const char* op, const ConvSpec& spec) {
  const size_t axes = spec.kernel.size();
  if (axes < 3 || axes > 5)
    fail_value(op, ": kernel has shape ", shape_text(spec.kernel),
               "; expected (*kernel_size, Cin / groups, Cout) with 1, 2 or 3 spatial axes");
  if (spec.x.size() != axes)
    fail_value(op, ": x has ", spec.x.size(), " axes; expected ", axes, " as kernel has shape ",
               shape_text(spec.kernel));
}

void check_channels(const char* op, int64_t in, int64_t group_in, int64_t out, int64_t groups) {
  if (in < 1) fail_value(op, ": x has ", in, " channels; expected at least 1");
  if (out < 1) fail_value(op, ": kernel has ", out, " output channels; expected at least 1");
  if (groups < 1) fail_value(op, ": groups is ", groups, "; expected at least 1");
  if (in % groups != 0)
    fail_value(op, ": groups is ", groups, "; expected a divisor of x's ", in, " channels");
  if (group_in != in / groups)
    fail_value(op, ": kernel has ", group_in, " input channels per group but x has ", in, " channels in ",
               groups, groups == 1 ? " group (" : " groups (", in / groups, " per group)");
  if (out % groups != 0)
    fail_value(op, ": groups is ", groups, "; expected a divisor of kernel's ", out, " output channels");
}

std::vector<int64_t> spatial_of(const std::vector<int64_t>& shape, bool channels_first) {
  return channels_first ? std::vector<int64_t>(shape.begin() + 2, shape.end())
                        : std::vector<int64_t>(shape.begin() + 1, shape.end() - 1);
}

}  // namespace

std::vector<int64_t> image_shape(int64_t batch, const int64_t* spatial, int rank, int64_t channels,
                                 bool channels_first) {
  std::vector<int64_t> shape{batch};
  shape.reserve(static_cast<size_t>(rank) + 2);
  if (channels_first) shape.push_back(channels);
  shape.insert(shape.end(), spatial, spatial + rank);
  if (!channels_first) shape.push_back(channels);
  return shape;
}

namespace {
std::vector<int64_t> shape_by(const Window& window, int64_t WindowAxis::* extent, int64_t batch,
                              int64_t channels, bool channels_first) {
  int64_t spatial[kMaxSpatial];
  for (int i = 0; i < window.rank; ++i) spatial[i] = window.axes[kMaxSpatial - window.rank + i].*extent;
  return image_shape(batch, spatial, window.rank, channels, channels_first);
}
}  // namespace

double ConvPlan::work() const {
  return static_cast<double>(batch) * static_cast<double>(window.output_positions()) *
         static_cast<double>(kernel_size());
}

std::vector<int64_t> ConvPlan::x_shape() const {
  return shape_by(window, &WindowAxis::input, batch, in_channels, channels_first);
}
std::vector<int64_t> ConvPlan::y_shape() const {
  return shape_by(window, &WindowAxis::output, batch, out_channels, channels_first);
}

void check_rows(const char* op, const ConvPlan& plan) {
  for (const WindowAxis& axis : plan.window.axes)
    checked_product(op, {axis.input + axis.before + axis.after, plan.in_channels + plan.out_channels, 64});
}

ConvPlan ConvPlan::make(const char* op, const ConvSpec& spec) {
  check_ranks(op, spec);
  ConvPlan plan;
  const int64_t group_in = spec.kernel[spec.kernel.size() - 2];
  plan.batch = spec.x.front();
  plan.in_channels = spec.channels_first ? spec.x[1] : spec.x.back();
  plan.out_channels = spec.kernel.back();
  plan.groups = spec.groups;
  if (plan.batch < 0) fail_value(op, ": x has a batch of ", plan.batch, "; expected at least 0");
  plan.channels_first = spec.channels_first;
  plan.activation = spec.activation;
  check_channels(op, plan.in_channels, group_in, plan.out_channels, plan.groups);
  const WindowSpec window{
      {spec.kernel.begin(), spec.kernel.end() - 2}, spec.strides, spec.dilation, spec.pads};
  plan.window = make_window(op, spatial_of(spec.x, spec.channels_first), window);
  checked_product(op, plan.x_shape());
  checked_product(op, plan.y_shape());
  checked_product(op, {plan.taps(), group_in, plan.out_channels});
  check_rows(op, plan);
  plan.algorithm = choose_conv_algorithm(op, plan, spec.algorithm);
  return plan;
}

std::vector<int64_t> ColumnsPlan::image_shape() const {
  return shape_by(window, &WindowAxis::input, batch, channels, channels_first);
}
std::vector<int64_t> ColumnsPlan::columns_shape() const {
  return shape_by(window, &WindowAxis::output, batch, depth(), channels_first);
}

ColumnsPlan ColumnsPlan::make(const char* op, const std::vector<int64_t>& image, bool channels_first,
                              const WindowSpec& window) {
  if (image.size() < 3 || image.size() > 5)
    fail_value(op, ": x has ", image.size(),
               " axes; expected 3, 4 or 5: batch, channels and 1, 2 or 3 spatial");
  ColumnsPlan plan;
  plan.batch = image.front();
  plan.channels = channels_first ? image[1] : image.back();
  plan.channels_first = channels_first;
  if (plan.batch < 0) fail_value(op, ": x has a batch of ", plan.batch, "; expected at least 0");
  if (plan.channels < 1) fail_value(op, ": x has ", plan.channels, " channels; expected at least 1");
  plan.window = make_window(op, spatial_of(image, channels_first), window);
  checked_mul(op, plan.window.taps(), plan.channels);
  checked_product(op, plan.image_shape());
  checked_product(op, plan.columns_shape());
  return plan;
}

}  // namespace foldgate
