// The validated geometry of one convolution, the only way into its kernels:
//
//   y[n][p][o] = activation(bias[o] + sum over taps j, channels c of x[n][p * stride - before + j * dilation][c] * kernel[j][c][o])
//
// with p, j over one to three spatial axes. Output channel o of group g = o / (Cout / groups) sees the input channels of
// its group alone. kernel is (*k, Cin / groups, Cout) in either data format.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/activation.h"
#include "ops/window.h"

namespace foldgate {

enum class ConvAlgorithm { kByShape, kDirect, kIm2col, kDepthwise, kWinograd, kFft };
constexpr ConvAlgorithm kLastConvAlgorithm = ConvAlgorithm::kFft;

// What a call says; shapes of all operands that set the geometry.
struct ConvSpec {
  std::vector<int64_t> x, kernel;                // shapes
  std::vector<int64_t> strides, pads, dilation;  // pads: (before, after) an axis
  int64_t groups = 1;
  bool channels_first = false;
  Activation activation = Activation::kLinear;
  ConvAlgorithm algorithm = ConvAlgorithm::kByShape;
};

struct ConvPlan {
  int64_t batch = 0, in_channels = 0, out_channels = 0, groups = 1;
  Window window;
  bool channels_first = false;
  Activation activation = Activation::kLinear;
  ConvAlgorithm algorithm = ConvAlgorithm::kDirect;  // never kByShape

  int64_t group_in() const { return in_channels / groups; }
  int64_t group_out() const { return out_channels / groups; }
  int64_t taps() const { return window.taps(); }
  int64_t kernel_size() const { return taps() * group_in() * out_channels; }
  double work() const;  // multiply-adds of one of forward, backward to x, backward to the kernel

  std::vector<int64_t> x_shape() const;
  std::vector<int64_t> y_shape() const;

  // Throws ValueError naming the op, the argument, what was found and what was expected.
  static ConvPlan make(const char* op, const ConvSpec& spec);
};

// ValueError where a row of a padded image, with what wide dilations leave between taps, passes what scratch can hold.
void check_rows(const char* op, const ConvPlan& plan);

// (N, *spatial, C) or (N, C, *spatial)
std::vector<int64_t> image_shape(int64_t batch, const int64_t* spatial, int rank, int64_t channels,
                                 bool channels_first);

// What im2col and col2im share: windows over images of `channels`.
struct ColumnsPlan {
  int64_t batch = 0, channels = 0;
  Window window;
  bool channels_first = false;

  int64_t depth() const { return window.taps() * channels; }  // K: numbers of a column
  std::vector<int64_t> image_shape() const;
  std::vector<int64_t> columns_shape() const;

  static ColumnsPlan make(const char* op, const std::vector<int64_t>& image, bool channels_first,
                          const WindowSpec& window);
};

}  // namespace foldgate
