// ops/window.h: output extents against counting by the definition, and the specifications that it refuses.
#include "ops/window.h"

#include <stdexcept>

#include "check.h"

namespace foldgate {
namespace {

constexpr int64_t kHuge = int64_t{1} << 62;

WindowSpec axis(int64_t kernel, int64_t stride, int64_t dilation, int64_t before, int64_t after,
                bool ceil = false) {
  return {{kernel}, {stride}, {dilation}, {before, after}, ceil};
}

Window one(int64_t input, const WindowSpec& spec) { return make_window("op", {input}, spec); }

// Starts of windows by the definition: whole windows inside the padded input; with ceil_mode also the first that
// hangs over its end, unless it would start in the after-padding.
int64_t counted(int64_t input, const WindowSpec& spec) {
  const int64_t extent = (spec.kernel[0] - 1) * spec.dilation[0] + 1;
  const int64_t before = spec.pads[0], padded = input + before + spec.pads[1];
  int64_t count = 0, start = 0;
  for (; start + extent <= padded; start += spec.strides[0]) ++count;
  const int64_t last_end = start - spec.strides[0] + extent;
  if (spec.ceil_mode && last_end < padded && start < input + before) ++count;
  return count;
}

TEST(window, output_extents_are_the_windows_that_fit) {
  int64_t wrong = 0, seen = 0;
  for (int64_t input = 1; input <= 9; ++input) {
    for (int64_t kernel = 1; kernel <= 4; ++kernel) {
      for (int64_t stride = 1; stride <= 4; ++stride) {
        for (int64_t dilation = 1; dilation <= 3; ++dilation) {
          for (int64_t pads = 0; pads < 12; ++pads) {
            const WindowSpec spec = axis(kernel, stride, dilation, pads / 2 % 3, pads / 6 * 2, pads & 1);
            if ((kernel - 1) * dilation + 1 > input + spec.pads[0] + spec.pads[1]) continue;
            wrong += one(input, spec).width().output != counted(input, spec);
            ++seen;
          }
        }
      }
    }
  }
  CHECK_EQ(wrong, 0);
  CHECK_GE(seen, 3000);
}

TEST(window, axes_that_an_op_lacks_stand_in_front_with_extent_one) {
  const Window window = make_window("op", {8, 9}, {{3, 2}, {1, 2}, {1, 1}, {0, 0, 1, 1}});
  CHECK_EQ(window.rank, 2);
  CHECK(window.depth().input == 1 && window.depth().output == 1 && window.depth().kernel == 1);
  CHECK(window.height().input == 8 && window.height().output == 6);
  CHECK(window.width().input == 9 && window.width().output == 5 && window.width().before == 1);
  CHECK_EQ(window.taps(), 6);
  CHECK_EQ(window.input_positions(), 72);
  CHECK_EQ(window.output_positions(), 30);
}

TEST(window, a_kernel_larger_than_the_padded_input_names_its_effective_size) {
  CHECK_THROWS(one(4, axis(3, 1, 2, 0, 0)), std::invalid_argument, "op: the effective kernel size");
  CHECK_THROWS(one(4, axis(3, 1, 2, 0, 0)), std::invalid_argument, "is 5 along spatial axis 0");
  CHECK_EQ(one(4, axis(3, 1, 2, 1, 0)).width().output, 1);
  // with ceil_mode the only window may hang over the edge, by less than a stride
  CHECK_EQ(one(2, axis(3, 2, 1, 0, 0, true)).width().output, 1);
  CHECK_THROWS(one(2, axis(4, 2, 1, 0, 0, true)), std::invalid_argument, "op: the effective kernel size");
}

TEST(window, numbers_that_make_no_window_are_value_errors) {
  CHECK_THROWS(one(0, axis(1, 1, 1, 0, 0)), std::invalid_argument, "op: spatial input shape is (0,)");
  CHECK_THROWS(one(5, axis(0, 1, 1, 0, 0)), std::invalid_argument, "op: kernel_size is (0,)");
  CHECK_THROWS(one(5, axis(2, 0, 1, 0, 0)), std::invalid_argument, "op: strides is (0,)");
  CHECK_THROWS(one(5, axis(2, 1, -1, 0, 0)), std::invalid_argument, "op: dilation_rate is (-1,)");
  CHECK_THROWS(one(5, axis(2, 1, 1, 0, -1)), std::invalid_argument, "op: padding is (0, -1)");
  CHECK_THROWS(make_window("op", {}, {}), std::invalid_argument, "op: x has 0 spatial axes");
  CHECK_THROWS(make_window("op", {2, 2, 2, 2}, {}), std::invalid_argument, "op: x has 4 spatial axes");
  CHECK_THROWS(make_window("op", {5, 5}, axis(2, 1, 1, 0, 0)), std::invalid_argument,
               "op: kernel_size has 1");
}

TEST(window, extents_past_2_63_are_value_errors) {
  CHECK_THROWS(one(5, axis(kHuge, 1, 4, 0, 0)), std::invalid_argument, "op: ");
  CHECK_THROWS(one(5, axis(2, 1, std::numeric_limits<int64_t>::max(), 0, 0)), std::invalid_argument, "op: ");
  CHECK_THROWS(one(kHuge, axis(2, 1, 1, kHuge, kHuge)), std::invalid_argument, "op: extents");
  CHECK_THROWS(make_window("op", {kHuge, kHuge}, {{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}}),
               std::invalid_argument, "op: extents");
  CHECK_THROWS(
      make_window("op", {5, 5, 5},
                  {{1 << 30, 1 << 30, 1 << 30}, {1, 1, 1}, {1, 1, 1}, {1 << 30, 0, 1 << 30, 0, 1 << 30, 0}}),
      std::invalid_argument, "op: extents");
  CHECK_THROWS(one(5, axis(2, std::numeric_limits<int64_t>::max(), 1, 0, 0)), std::invalid_argument, "op: ");
}

}  // namespace
}  // namespace foldgate
