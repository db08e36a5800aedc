// Sliding windows: the one home of stride, padding and dilation arithmetic, for convolution and pooling.
// Output position o along an axis sees input positions  o * stride - before + tap * dilation,  0 <= tap < kernel.
#pragma once
#include <cstdint>
#include <vector>

namespace foldgate {

constexpr int kMaxSpatial = 3;

struct WindowAxis {
  int64_t input = 1, output = 1;
  int64_t kernel = 1, stride = 1, dilation = 1;
  int64_t before = 0, after = 0;  // padding

  int64_t extent() const { return (kernel - 1) * dilation + 1; }  // the effective kernel size
};

// Always three axes (depth, height, width); those that a 1-D or 2-D op lacks stand in front with extent 1.
struct Window {
  int rank = 0;  // of the op: 1, 2 or 3
  WindowAxis axes[kMaxSpatial];

  const WindowAxis& depth() const { return axes[0]; }
  const WindowAxis& height() const { return axes[1]; }
  const WindowAxis& width() const { return axes[2]; }
  int64_t taps() const { return axes[0].kernel * axes[1].kernel * axes[2].kernel; }
  int64_t input_positions() const { return axes[0].input * axes[1].input * axes[2].input; }
  int64_t output_positions() const { return axes[0].output * axes[1].output * axes[2].output; }
};

// What a caller says of a window, an entry a spatial axis; pads are (before, after) pairs, flattened.
struct WindowSpec {
  std::vector<int64_t> kernel, strides, dilation, pads;
  bool ceil_mode = false;  // outputs rounded up; a window that would start in the after-padding is dropped
};

// Checks the specification against the input's spatial extents and computes every output extent in checked 64-bit
// arithmetic. Throws ValueError naming the op, the argument and the value.
Window make_window(const char* op, const std::vector<int64_t>& input, const WindowSpec& spec);

}  // namespace foldgate
