// Convolution by Fourier transforms, as test_conv.cc tests the others, but within its error bound; and the transforms.
#include "kernels/fft.h"

#include <cmath>

#include "check.h"
#include "conv_problem.h"
#include "kernels/table.h"
#include "ops/conv/fft_roots.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::check_case;
using test::Flush;
using test::Guarded;
using Case = test::ConvCase;

TEST(conv, fft_within_its_bound_around_blocks_and_lanes) {
  const Case cases[] = {
      {1, 1, 1, 1, {1}, {1}, {1}, {1}, {0, 0}},
      {2, 1, 1, 1, {200}, {9}, {1}, {1}, {4, 4}},     // lanes are blocks
      {3, 1, 1, 1, {70}, {64}, {1}, {2}, {100, 60}},  // phases, pads beyond the sequence
      {1, 3, 5, 1, {40}, {7}, {1}, {1}, {0, 0}},      // pairs side by side, of both
      {2, 5, 17, 1, {33}, {5}, {1}, {3}, {12, 0}},
      {1, 17, 2, 1, {130}, {33}, {1}, {1}, {32, 5}},
      {2, 33, 16, 1, {21}, {4}, {1}, {1}, {5, 7}},  // pads beyond the kernel backward
      {1, 1, 9, 1, {90}, {20}, {1}, {1}, {3, 3}},
      {2, 6, 6, 6, {50}, {11}, {1}, {2}, {9, 9}},  // lane by lane
      {1, 18, 18, 18, {150}, {40}, {1}, {1}, {39, 0}},
      {1, 6, 9, 3, {60}, {17}, {1}, {1}, {8, 8}},  // groups
      {2, 4, 8, 4, {30}, {12}, {1}, {1}, {8, 8}},  // a multiplier
  };
  test::on_every_tier([&] {
    for (Case c : cases) {
      c.algorithm = ConvAlgorithm::kFft;
      for (bool channels_first : {false, true}) {
        c.channels_first = channels_first;
        c.activation = channels_first ? Activation::kRelu : Activation::kLinear;
        check_case<float>(c, Flush::kFront);
        check_case<float>(c, Flush::kBack);
        check_case<double>(c, Flush::kBack);
      }
    }
  });
}

// A constant goes to frequency 0 and back; a single 1 at t to exp(-2 pi i f t / n), of which it is the inverse.
template <class T>
void there_and_back(int64_t n) {
  const FftKernels<T>& fft = kernels<T>().fft;
  const int64_t lanes = fft.lanes, point = 2 * lanes;
  Guarded<T> data(n * point, Flush::kBack);
  for (int64_t i = 0; i < data.size(); ++i) data[i] = 0;
  for (int64_t lane = 0; lane < lanes; ++lane) data[lane % n * point + lane] = 1;
  fft.forward(data.data(), n, fft_roots<T>(n));
  const double eps = std::numeric_limits<T>::epsilon();
  double worst = 0;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    double sum = 0;  // over all frequencies: n times the value at 0
    for (int64_t f = 0; f < n; ++f) {
      const double re = data[f * point + lane], im = data[f * point + lanes + lane];
      worst = std::max(worst, std::abs(std::hypot(re, im) - 1));
      sum += re;
    }
    worst = std::max(worst, std::abs(sum / static_cast<double>(n) - (lane % n == 0 ? 1 : 0)));
  }
  CHECK_LE(worst, 8 * eps * std::log2(static_cast<double>(2 * n)));
  fft.inverse(data.data(), n, fft_roots<T>(n));
  worst = 0;
  for (int64_t i = 0; i < data.size(); ++i) {
    const int64_t lane = i % point;
    const double expected = lane < lanes && i / point == lane % n ? 1 : 0;
    worst = std::max(worst, std::abs(static_cast<double>(data[i]) / static_cast<double>(n) - expected));
  }
  CHECK_LE(worst, 8 * eps * std::log2(static_cast<double>(2 * n)));
}

TEST(fft, goes_there_and_back) {
  test::on_every_tier([] {
    for (int64_t n = 4; n <= 4096; n *= 2) {
      there_and_back<float>(n);
      there_and_back<double>(n);
    }
  });
}

}  // namespace
}  // namespace foldgate
