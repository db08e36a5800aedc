// Winograd convolution, as test_conv.cc tests the others, but within its error bound.
#include "check.h"
#include "conv_problem.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::check_case;
using test::Flush;
using Case = test::ConvCase;

TEST(conv, winograd_within_its_bound_around_tiles_and_lanes) {
  const Case cases[] = {
      {1, 1, 1, 1, {3, 3}, {3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
      {2, 3, 17, 1, {4, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 0, 2}},
      {1, 16, 2, 1, {6, 5}, {3, 3}, {1, 1}, {1, 1}, {4, 3, 1, 1}},
      {2, 33, 15, 1, {21, 22}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
      {1, 130, 129, 1, {9, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
      {1, 260, 250, 1, {5, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},  // kept weights: F(2 x 2) in double
      {1, 1, 1, 1, {5, 5}, {5, 5}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
      {2, 3, 17, 1, {6, 9}, {5, 5}, {1, 1}, {1, 1}, {2, 1, 0, 3}},
      {1, 16, 2, 1, {6, 5}, {5, 5}, {1, 1}, {1, 1}, {6, 5, 1, 2}},
      {2, 33, 15, 1, {21, 22}, {5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}},
      {1, 130, 129, 1, {9, 8}, {5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}},
  };
  test::on_every_tier([&] {
    for (Case c : cases) {
      c.algorithm = ConvAlgorithm::kWinograd;
      for (bool channels_first : {false, true}) {
        c.channels_first = channels_first;
        c.activation = channels_first ? Activation::kRelu : Activation::kLinear;
        check_case<float>(c, Flush::kFront);
        if (!channels_first) c.activation = Activation::kRelu6;
        check_case<float>(c, Flush::kBack);
        check_case<double>(c, Flush::kBack);
      }
    }
  });
}

}  // namespace
}  // namespace foldgate
