// ops/bias and ops/embedding on every tier, exact on whole numbers, between guard pages.
#include "ops/bias.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "activated.h"
#include "check.h"
#include "guard.h"
#include "kernels/table.h"
#include "ops/embedding.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;

template <class T>
void check_bias(const BiasPlan& plan, Flush flush) {
  const int64_t size = plan.outer * plan.channels * plan.inner;
  Guarded<T> x(size, flush), bias(plan.channels, flush), y(size, flush), dx(size, flush);
  Guarded<T> dbias(plan.channels, flush);
  test::Random random(3);
  random.fill_integers(x, -8, 8);
  random.fill_integers(bias, -4, 4);
  bias_add(plan, x.data(), bias.data(), y.data());
  bias_add_backward(plan, x.data(), y.data(), dx.data(), dbias.data());
  std::vector<T> sums(static_cast<size_t>(plan.channels));
  bool right = true;
  for (int64_t i = 0; i < size; ++i) {
    const int64_t c = i / plan.inner % plan.channels;
    const T expected = static_cast<T>(test::activated(plan.activation, x[i] + bias[c]));
    const T gradient = static_cast<T>(test::rectified_gradient(plan.activation, expected, x[i]));
    right = right && y[i] == expected && dx[i] == gradient;
    sums[static_cast<size_t>(c)] += gradient;
  }
  CHECK(right);
  for (int64_t c = 0; c < plan.channels; ++c) CHECK_EQ(dbias[c], sums[static_cast<size_t>(c)]);
}

template <class T>
void biases_around_lanes() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t channels : test::around({lanes, 2 * lanes})) {
    for (Activation activation : {Activation::kLinear, Activation::kRelu, Activation::kRelu6}) {
      check_bias<T>({7, channels, 1, activation}, Flush::kBack);
      check_bias<T>({2000, channels, 1, activation}, Flush::kFront);
      check_bias<T>({3, 5, channels, activation}, Flush::kBack);
    }
  }
}

TEST(bias, rows_and_planes_around_lanes) {
  test::on_every_tier([] {
    biases_around_lanes<float>();
    biases_around_lanes<double>();
  });
}

template <class T, class Id>
void check_embedding(int64_t width) {
  constexpr int64_t kRows = 9, kCount = 50;
  Guarded<Id> ids(kCount);
  Guarded<T> table(kRows * width), y(kCount * width), dtable(kRows * width, Flush::kBack, T(-7));
  test::Random random(5);
  random.fill_integers(ids, 0, kRows - 2);  // the last row has no id
  random.fill_integers(table, -8, 8);
  Ids read;
  read.count = kCount;
  if constexpr (sizeof(Id) == 4)
    read.narrow = ids.data();
  else
    read.wide = ids.data();
  read.check("op", kRows);
  embedding(read, table.data(), kRows, width, y.data());
  embedding_backward(read, y.data(), kRows, width, dtable.data());
  std::vector<T> sums(static_cast<size_t>(kRows * width));
  bool right = true;
  for (int64_t i = 0; i < kCount; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      right = right && y[i * width + j] == table[ids[i] * width + j];
      sums[static_cast<size_t>(ids[i] * width + j)] += y[i * width + j];
    }
  }
  for (int64_t i = 0; i < kRows * width; ++i) right = right && dtable[i] == sums[static_cast<size_t>(i)];
  CHECK(right);
  ids[7] = static_cast<Id>(kRows);
  CHECK_THROWS(read.check("op", kRows), std::out_of_range, "op: ids hold 9; expected 0 to 8");
  ids[3] = -1;
  CHECK_THROWS(read.check("op", kRows), std::out_of_range, "op: ids hold -1; expected 0 to 8");
}

TEST(embedding, rows_and_their_sums) {
  test::on_every_tier([] {
    for (int64_t width : test::around({4, 16})) {
      check_embedding<float, int32_t>(width);
      check_embedding<double, int64_t>(width);
    }
  });
}

TEST(embedding, a_row_is_summed_in_the_order_of_its_ids) {
  const int64_t ids[] = {1, 1, 1};
  const float dy[] = {1e8f, -1e8f, 1.0f};  // in another order the 1 would be lost
  Ids read;
  read.wide = ids;
  read.count = 3;
  float dtable[2];
  embedding_backward(read, dy, 2, 1, dtable);
  CHECK_EQ(dtable[0], 0.0f);
  CHECK_EQ(dtable[1], 1.0f);
}

}  // namespace
}  // namespace foldgate
