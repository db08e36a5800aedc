// Depthwise convolution as test_conv.cc tests convolution: shapes around its bands of rows and its frames of planes.
#include "check.h"
#include "conv_problem.h"
#include "kernels/table.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::check_all;

// Rows go in bands where the window is a square of neighbours: heights and widths around those of a band, and channels
// around a vector.
template <class T>
void depthwise_bands() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t channels : {lanes - 1, 2 * lanes, 8 * lanes + 1}) {
    for (int64_t size : {3, 5, 7}) {
      for (int64_t height : {5, 6, 7, 8, 9, 10, 13}) {
        const int64_t width = height + size % 4, pad = height % 2 || height < size ? size / 2 : 0;
        check_all<T>({2,
                      channels,
                      channels,
                      channels,
                      {height, width},
                      {size, size},
                      {1, 1},
                      {1, 1},
                      {pad, pad, pad, pad + 1}});
      }
    }
  }
}

// channels_first planes go through frames of their rows: widths around vectors, every stride, taps far apart, padding
// beyond the image and planes of several bands.
template <class T>
void depthwise_frames() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t width : {lanes - 1, lanes + 2, 2 * lanes + 3}) {
    for (int64_t stride : {1, 2, 3}) {
      for (int64_t multiplier : {1, 2}) {
        const int64_t groups = 3, out = groups * multiplier;
        check_all<T>({2, groups, out, groups, {6, width}, {3, 3}, {stride, stride}, {1, 1}, {1, 1, 1, 1}});
        check_all<T>({1, groups, out, groups, {9, width}, {2, 3}, {1, stride}, {2, 2}, {0, 3, 5, 0}});
      }
    }
    check_all<T>({2, 3, 6, 3, {7, width % lanes + 1}, {3, 3}, {1, 1}, {1, 1}, {0, 2, 1, 1}});
    check_all<T>({1, 2, 2, 2, {150, 5 * width}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}});
    check_all<T>({1, 2, 2, 2, {1, width}, {1, 1}, {1, 4}, {1, 1}, {0, 0, 0, 0}});
    check_all<T>({1, 2, 4, 2, {3, 4, width}, {2, 3, 3}, {2, 1, 1}, {1, 1, 1}, {1, 1, 1, 1, 1, 1}});
  }
}

TEST(conv, exact_for_frames_of_depthwise_planes) {
  test::on_every_tier([] {
    depthwise_frames<float>();
    depthwise_frames<double>();
  });
}

TEST(conv, exact_for_bands_of_depthwise_rows) {
  test::on_every_tier([] {
    depthwise_bands<float>();
    depthwise_bands<double>();
  });
}

}  // namespace
}  // namespace foldgate
