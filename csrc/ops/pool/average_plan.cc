#include <numeric>

#include "core/check.h"
#include "ops/pool/average.h"
#include "ops/pool/geometry.h"

namespace foldgate {
namespace {

void find_holders(AverageAxis& axis) {
  axis.holders.assign(static_cast<size_t>(axis.input), {axis.output, -1});
  for (int64_t o = 0; o < axis.output; ++o) {
    const WindowSpan& span = axis.spans[static_cast<size_t>(o)];
    for (int64_t i = 0; i < span.count; ++i) {
      WindowHolders& holders = axis.holders[static_cast<size_t>(span.begin + i * axis.step)];
      holders = {std::min(holders.first, o), o};
    }
  }
}

AverageAxis sliding(const WindowAxis& window, bool include_pad) {
  AverageAxis axis;
  axis.input = window.input;
  axis.output = window.output;
  axis.step = window.dilation;
  axis.taps = window.kernel;
  axis.stride = window.stride;
  axis.before = window.before;
  axis.regular = true;
  axis.holder_step = window.dilation / std::gcd(window.stride, window.dilation);
  const std::vector<TapRange> ranges = tap_ranges(window);
  axis.whole = axis.past = axis.output;
  for (int64_t o = 0; o < axis.output; ++o) {
    const TapRange& range = ranges[static_cast<size_t>(o)];
    const int64_t start = o * window.stride - window.before, count = range.last - range.first;
    // Positions that hang over the padding, by ceil_mode, never count.
    const int64_t padded = ceil_div(window.input + window.after - start, window.dilation);
    axis.spans.push_back({start + range.first * window.dilation, count,
                          include_pad ? std::min(window.kernel, padded) : count});
    if (count == window.kernel) {
      axis.whole = std::min(axis.whole, o);
      axis.past = o + 1;
    }
  }
  axis.past = std::max(axis.past, axis.whole);
  find_holders(axis);
  return axis;
}

AverageAxis parts(int64_t input, int64_t output) {
  AverageAxis axis;
  axis.input = input;
  axis.output = output;
  axis.spans.reserve(static_cast<size_t>(output));  // of more than memory holds, none is written
  for (int64_t o = 0; o < output; ++o) {
    const int64_t begin = o * input / output, end = ceil_div((o + 1) * input, output);
    axis.spans.push_back({begin, end - begin, end - begin});
  }
  if (input % output == 0) {
    axis.past = output;
    axis.regular = true;
    axis.taps = axis.stride = input / output;
  }
  find_holders(axis);
  return axis;
}

}  // namespace

AveragePlan AveragePlan::make(const char* op, const std::vector<int64_t>& input_shape, const WindowSpec& spec,
                              bool include_pad, bool channels_first) {
  const PoolPlan pool = PoolPlan::make(op, input_shape, spec, channels_first);
  AveragePlan plan;
  plan.images = pool.images;
  plan.pixel = pool.pixel;
  plan.input_shape = pool.input_shape;
  plan.output_shape = pool.output_shape;
  if (plan.images == 0 || plan.pixel == 0) return plan;
  for (int i = 0; i < kMaxSpatial; ++i) plan.axes[i] = sliding(pool.window.axes[i], include_pad);
  return plan;
}

AveragePlan AveragePlan::make_adaptive(const char* op, const std::vector<int64_t>& input_shape,
                                       const std::vector<int64_t>& output_size, bool channels_first) {
  require(input_shape.size() >= 3 && input_shape.size() <= kMaxSpatial + 2, op, ": x has shape ",
          shape_text(input_shape), "; expected 3 to 5 axes (batch, channels and 1 to 3 spatial)");
  const size_t rank = input_shape.size() - 2, first = channels_first ? 2 : 1;
  require(output_size.size() == rank, op, ": output_size has ", output_size.size(), " values; expected ",
          rank);
  AveragePlan plan;
  plan.input_shape = plan.output_shape = input_shape;
  for (size_t i = 0; i < rank; ++i) {
    require(input_shape[first + i] >= 1, op, ": x has a spatial extent of ", input_shape[first + i],
            "; expected at least 1");
    require(output_size[i] >= 1, op, ": output_size is ", shape_text(output_size), "; expected at least 1");
    checked_mul(op, input_shape[first + i], output_size[i]);  // the parts' bounds are computed from it
    plan.output_shape[first + i] = output_size[i];
  }
  const int64_t batch = input_shape[0], channels = input_shape[channels_first ? 1 : rank + 1];
  require(batch >= 0 && channels >= 0, op, ": x has shape ", shape_text(input_shape),
          "; expected no negative extents");
  plan.images = channels_first ? checked_mul(op, batch, channels) : batch;
  plan.pixel = channels_first ? 1 : channels;
  if (plan.images == 0 || plan.pixel == 0) return plan;
  checked_product(op, plan.input_shape);
  checked_product(op, plan.output_shape);
  for (int i = 0; i < kMaxSpatial; ++i) {
    const size_t lacking = kMaxSpatial - rank, axis = static_cast<size_t>(i);
    plan.axes[i] = axis < lacking ? parts(1, 1)
                                  : parts(input_shape[first + axis - lacking], output_size[axis - lacking]);
  }
  return plan;
}

}  // namespace foldgate
