#include <numeric>

#include "ops/pool/geometry.h"

namespace foldgate {
namespace {

constexpr int64_t kMostTaps = (int64_t{1} << 31) - 1;  // tap numbers are int32 at most

void check_pads(const char* op, const Window& window) {
  for (int i = kMaxSpatial - window.rank; i < kMaxSpatial; ++i) {
    const WindowAxis& axis = window.axes[i];
    require(std::max(axis.before, axis.after) <= axis.extent() / 2, op, ": padding is (", axis.before, ", ",
            axis.after, ") along spatial axis ", i - (kMaxSpatial - window.rank), "; expected at most ",
            axis.extent() / 2, ", half the window");
  }
}

// Pads of at most half a window leave every window a tap in the image, unless its taps step over the image. A window
// that starts at q < 0 meets the image first at q mod dilation.
void check_taps_inside(const char* op, const Window& window) {
  for (const WindowAxis& axis : window.axes) {
    if (axis.input >= axis.dilation) continue;
    for (int64_t o = 0; o < axis.output && o * axis.stride < axis.before; ++o) {
      const int64_t before = (axis.before - o * axis.stride) % axis.dilation;
      require(before == 0 || axis.dilation - before < axis.input, op, ": dilation_rate is ", axis.dilation,
              "; expected a tap of every window in the image (", axis.input, " positions)");
    }
  }
}

// Lines copy each row with its padding: for pads beyond the image itself the pixels' kernels, which skip them, do it.
bool suits_lines(const PoolPlan& plan) {
  const WindowAxis& width = plan.window.width();
  const int64_t last =
      (width.output - 1) * width.stride + width.extent() - width.before;  // past the last tap
  return plan.pixel == 1 && width.before <= width.input && last <= 2 * width.input;
}

}  // namespace

PoolPlan PoolPlan::make(const char* op, const std::vector<int64_t>& input_shape, const WindowSpec& spec,
                        bool channels_first) {
  require(input_shape.size() >= 3 && input_shape.size() <= kMaxSpatial + 2, op, ": input_shape is ",
          shape_text(input_shape), "; expected 3 to 5 axes (batch, channels and 1 to 3 spatial)");
  for (int64_t extent : input_shape)
    require(extent >= 0, op, ": input_shape is ", shape_text(input_shape), "; expected no negative extents");
  const size_t rank = input_shape.size() - 2, first = channels_first ? 2 : 1;
  PoolPlan plan;
  plan.op = op;
  plan.input_shape = input_shape;
  plan.window = make_window(op, {input_shape.begin() + first, input_shape.begin() + first + rank}, spec);
  check_pads(op, plan.window);
  require(plan.window.taps() <= kMostTaps, op, ": pool_size is ", shape_text(spec.kernel), ", ",
          plan.window.taps(), " taps; expected at most ", kMostTaps);
  plan.output_shape = input_shape;
  for (size_t i = 0; i < rank; ++i)
    plan.output_shape[first + i] = plan.window.axes[kMaxSpatial - rank + i].output;
  const int64_t batch = input_shape[0], channels = input_shape[channels_first ? 1 : rank + 1];
  plan.images = channels_first ? checked_mul(op, batch, channels) : batch;
  plan.pixel = channels_first ? 1 : channels;
  if (plan.images == 0 || plan.pixel == 0) return plan;
  checked_product(op, input_shape);
  checked_product(op, plan.output_shape);
  check_taps_inside(op, plan.window);
  for (WindowAxis& axis : plan.window.axes)
    if (axis.output == 1) axis.stride = 1;  // no second window: any stride is as good
  plan.lines = suits_lines(plan);
  return plan;
}

bool PoolPlan::takes_planes() const {
  for (const WindowAxis& axis : window.axes)
    if (axis.output != 1 || axis.before > 0 || axis.dilation != 1 || axis.kernel != axis.input) return false;
  return pixel == 1;
}

std::vector<TapRange> tap_ranges(const WindowAxis& axis) {
  std::vector<TapRange> ranges(static_cast<size_t>(axis.output));
  const int64_t end = axis.before + axis.input;
  for (int64_t o = 0; o < axis.output; ++o) {
    const int64_t start = o * axis.stride;
    TapRange& range = ranges[static_cast<size_t>(o)];
    range.first =
        start >= axis.before ? 0 : static_cast<int32_t>(ceil_div(axis.before - start, axis.dilation));
    range.last = static_cast<int32_t>(start + axis.extent() <= end ? axis.kernel
                                                                   : ceil_div(end - start, axis.dilation));
  }
  return ranges;
}

std::vector<WindowHits> window_hits(const WindowAxis& axis) {
  std::vector<WindowHits> hits(static_cast<size_t>(axis.input));
  const std::vector<TapRange> ranges = tap_ranges(axis);
  for (int64_t o = 0; o < axis.output; ++o)
    for (int32_t t = ranges[static_cast<size_t>(o)].first; t < ranges[static_cast<size_t>(o)].last; ++t) {
      WindowHits& hit = hits[static_cast<size_t>(o * axis.stride + t * axis.dilation - axis.before)];
      hit = {o, t, hit.count + 1};  // the last window, whose tap is the lowest, stays
    }
  return hits;
}

HitSteps hit_steps(const WindowAxis& axis) {
  const int64_t common = std::gcd(axis.stride, axis.dilation);
  // A tap step beyond int32 leaves each coordinate one window at most, and is not taken.
  return {axis.dilation / common, static_cast<int32_t>(std::min(axis.stride / common, kMostTaps))};
}

}  // namespace foldgate
