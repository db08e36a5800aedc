#include "ops/window.h"

#include "core/check.h"

namespace foldgate {
namespace {

void require_length(const char* op, const char* name, const std::vector<int64_t>& values, size_t expected) {
  require(values.size() == expected, op, ": ", name, " has ", values.size(), " values ", shape_text(values),
          "; expected ", expected);
}

void require_at_least(const char* op, const char* name, const std::vector<int64_t>& values, int64_t least) {
  for (int64_t value : values)
    require(value >= least, op, ": ", name, " is ", shape_text(values), "; expected values of at least ",
            least);
}

WindowAxis make_axis(const char* op, int64_t input, const WindowSpec& spec, size_t i) {
  WindowAxis axis;
  axis.input = input;
  axis.kernel = spec.kernel[i];
  axis.stride = spec.strides[i];
  axis.dilation = spec.dilation[i];
  axis.before = spec.pads[2 * i];
  axis.after = spec.pads[2 * i + 1];
  const int64_t extent = checked_add(op, checked_mul(op, axis.kernel - 1, axis.dilation), 1);
  const int64_t padded = checked_add(op, checked_add(op, input, axis.before), axis.after);
  // With ceil_mode a last window may hang over the padded input by less than a stride.
  const int64_t slack = spec.ceil_mode ? axis.stride - 1 : 0;
  require(extent - padded <= slack, op, ": the effective kernel size (kernel - 1) * dilation + 1 is ", extent,
          " along spatial axis ", i, " but the padded input has ", padded, " positions (", input, " + ",
          axis.before, " + ", axis.after, ")");
  const int64_t room = padded - extent;
  axis.output = checked_add(op, room, slack) / axis.stride + 1;
  const bool hangs_over = spec.ceil_mode && room % axis.stride != 0;
  if (hangs_over && (axis.output - 1) * axis.stride >= input + axis.before) --axis.output;
  // Positions are computed in plain arithmetic from here on: the last one seen must fit.
  checked_add(op, checked_mul(op, axis.output, axis.stride), extent);
  return axis;
}

}  // namespace

Window make_window(const char* op, const std::vector<int64_t>& input, const WindowSpec& spec) {
  const size_t rank = input.size();
  require(rank >= 1 && rank <= kMaxSpatial, op, ": x has ", rank, " spatial axes; expected 1, 2 or 3");
  require_length(op, "kernel_size", spec.kernel, rank);
  require_length(op, "strides", spec.strides, rank);
  require_length(op, "dilation_rate", spec.dilation, rank);
  require_length(op, "padding", spec.pads, 2 * rank);
  require_at_least(op, "spatial input shape", input, 1);
  require_at_least(op, "kernel_size", spec.kernel, 1);
  require_at_least(op, "strides", spec.strides, 1);
  require_at_least(op, "dilation_rate", spec.dilation, 1);
  require_at_least(op, "padding", spec.pads, 0);
  Window window;
  window.rank = static_cast<int>(rank);
  for (size_t i = 0; i < rank; ++i) window.axes[kMaxSpatial - rank + i] = make_axis(op, input[i], spec, i);
  checked_product(op, spec.kernel);
  checked_product(op, {window.axes[0].output, window.axes[1].output, window.axes[2].output});
  return window;
}

}  // namespace foldgate
