// im2col and col2im on every tier, by the definition, every array flush against a guard page.
#include "ops/conv/im2col.h"

#include <vector>

#include "check.h"
#include "conv_problem.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::differences;
using test::Flush;
using test::Guarded;
using test::Images;
using test::product;
using Case = test::ConvCase;
using Shape = std::vector<int64_t>;

template <class T>
void check_columns(const Case& c, Flush flush) {
  const Shape image =
      image_shape(c.batch, c.spatial.data(), static_cast<int>(c.spatial.size()), c.in, c.channels_first);
  const ColumnsPlan plan =
      ColumnsPlan::make("im2col", image, c.channels_first, {c.kernel, c.strides, c.dilation, c.pads});
  Guarded<T> x(product(image), flush), columns(product(plan.columns_shape()), flush, T(99));
  Guarded<T> back(x.size(), flush, T(99));
  test::Random(5).fill_integers(x, -9, 9);
  const Images in{plan.window.input_positions(), plan.channels, c.channels_first};
  const Images out{plan.window.output_positions(), plan.depth(), c.channels_first};
  std::vector<double> expected(static_cast<size_t>(columns.size())), sums(static_cast<size_t>(x.size()));
  test::for_each_tap(plan.window, [&](int64_t output, int64_t tap, int64_t position) {
    for (int64_t n = 0; n < plan.batch; ++n) {
      for (int64_t channel = 0; channel < plan.channels; ++channel) {
        const T value = x[in.at(n, position, channel)];
        expected[static_cast<size_t>(out.at(n, output, tap * plan.channels + channel))] = value;
        sums[static_cast<size_t>(in.at(n, position, channel))] += value;
      }
    }
  });
  im2col(plan, x.data(), columns.data());
  CHECK_EQ(differences(columns, expected), 0);
  col2im(plan, columns.data(), back.data());
  CHECK_EQ(differences(back, sums), 0);
}

TEST(columns, im2col_and_col2im_by_the_definition) {
  test::on_every_tier([] {
    for (int64_t channels : {1, 3, 16, 19}) {
      for (bool channels_first : {false, true}) {
        const Case cases[] = {
            {2, channels, 1, 1, {9}, {3}, {2}, {1}, {1, 2}, channels_first},
            {2, channels, 1, 1, {6, 7}, {3, 2}, {1, 2}, {2, 1}, {2, 0, 1, 1}, channels_first},
            {1,
             channels,
             1,
             1,
             {3, 4, 5},
             {2, 2, 3},
             {1, 1, 1},
             {1, 1, 1},
             {0, 1, 1, 0, 1, 1},
             channels_first},
        };
        for (const Case& c : cases) {
          check_columns<float>(c, Flush::kBack);
          check_columns<double>(c, Flush::kFront);
        }
      }
    }
  });
}

}  // namespace
}  // namespace foldgate
