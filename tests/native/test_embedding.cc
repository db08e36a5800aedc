// ops/embedding on every tier against loops by the definition: rows between guard pages, ids of both widths, ids that
// repeat or never come, widths around lanes. Integers, so that sums are exact.
#include "ops/embedding.h"

#include <limits>
#include <vector>

#include "check.h"
#include "core/thread_pool.h"
#include "guard.h"
#include "kernels/table.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;

template <class T>
void fill(Guarded<T>& values, uint64_t seed) {
  test::Random(seed).fill_integers(values, -9, 9);
}

Ids of(Guarded<int32_t>& values) {
  Ids ids;
  ids.narrow = values.data();
  ids.count = values.size();
  return ids;
}
Ids of(Guarded<int64_t>& values) {
  Ids ids;
  ids.wide = values.data();
  ids.count = values.size();
  return ids;
}

// The first and the last row, and of the others at most every second: some ids come often, some never.
template <class Id>
void draw(Guarded<Id>& ids, int64_t rows, uint64_t seed) {
  test::Random random(seed);
  for (int64_t i = 0; i < ids.size(); ++i) {
    const int64_t id = random.integer(0, rows - 1);
    ids[i] = static_cast<Id>(i == 0 ? rows - 1 : i == 1 ? 0 : id / 2 * 2);
  }
}

template <class T, class Id>
void check(int64_t count, int64_t rows, int64_t width, Flush flush) {
  Guarded<Id> values(count, flush);
  draw(values, rows, 3);
  const Ids ids = of(values);
  ids.check("op", rows);
  Guarded<T> table(rows * width, flush), y(count * width, flush, T(-77));
  fill(table, 5);
  embedding(ids, table.data(), rows, width, y.data());
  Guarded<T> dy(count * width, flush), dtable(rows * width, flush, T(-77));
  fill(dy, 7);
  embedding_backward(ids, dy.data(), rows, width, dtable.data());
  std::vector<T> sums(static_cast<size_t>(rows * width), T(0));
  bool same = true;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < width; ++j) {
      same = same && y[i * width + j] == table[values[i] * width + j];
      sums[static_cast<size_t>(values[i] * width + j)] += dy[i * width + j];
    }
  CHECK(same);
  bool right = true;
  for (int64_t k = 0; k < rows * width; ++k) right = right && dtable[k] == sums[static_cast<size_t>(k)];
  CHECK(right);
}

template <class T>
void around_lanes() {
  for (int64_t width : test::around({kernels<T>().gemm.lanes, 256})) {
    check<T, int32_t>(37, 9, width, Flush::kBack);
    check<T, int64_t>(37, 9, width, Flush::kFront);
    check<T, int64_t>(1, 1, width, Flush::kBack);
  }
  check<T, int32_t>(3000, 700, 33, Flush::kBack);  // several tasks, forward and backward
  check<T, int64_t>(500, (5 << 20) / 70 / sizeof(T), 70,
                    Flush::kBack);                              // sorted by id: a table beyond the caches
  constexpr int64_t kLarge = (16 << 20) / 256 / sizeof(T) + 3;  // rows of 256: past the cache
  check<T, int32_t>(kLarge, kLarge, 256, Flush::kBack);
}

TEST(embedding, rows_and_their_gradients_around_lanes) {
  test::on_every_tier([] {
    around_lanes<float>();
    around_lanes<double>();
  });
}

// A value that the order of additions shows: 1, then so many halves of an ulp of 1, which are lost one by one.
template <class T>
void check_order() {
  constexpr int64_t kCount = 100;
  constexpr T kHalf = std::numeric_limits<T>::epsilon() / 2;
  Guarded<int32_t> values(kCount);  // all zero
  Guarded<T> dy(kCount, Flush::kBack, kHalf), dtable(1);
  dy[0] = T(1);
  embedding_backward(of(values), dy.data(), 1, 1, dtable.data());
  CHECK_EQ(dtable[0], T(1));
  dy[0] = kHalf;
  dy[kCount - 1] = T(1);
  embedding_backward(of(values), dy.data(), 1, 1, dtable.data());
  CHECK_EQ(dtable[0], T(1) + static_cast<T>(kCount / 2) * 2 * kHalf);
}

TEST(embedding, terms_are_added_in_the_order_of_the_ids) {
  test::on_every_tier([] {
    check_order<float>();
    check_order<double>();
  });
}

template <class T>
std::vector<T> gradients(int threads) {
  const int before = get_num_threads();
  set_num_threads(threads);
  Guarded<int32_t> values(20000);
  draw(values, 3000, 11);
  Guarded<T> dy(20000 * 48), dtable(3000 * 48);
  test::Random random(13);
  for (T& value : dy) value = static_cast<T>(random.uniform(-1, 1));
  embedding_backward(of(values), dy.data(), 3000, 48, dtable.data());
  set_num_threads(before);
  return {dtable.begin(), dtable.end()};
}

TEST(embedding, gradients_are_the_same_bits_on_any_threads) {
  CHECK(gradients<float>(1) == gradients<float>(3));
  CHECK(gradients<double>(1) == gradients<double>(3));
}

TEST(embedding, nothing_to_do) {
  Guarded<int64_t> none(0), two(2);
  Guarded<float> table(12), dtable(12, Flush::kBack, 7.0f);
  embedding(of(none), table.data(), 3, 4, static_cast<float*>(nullptr));
  embedding(of(two), table.data(), 3, 0, static_cast<float*>(nullptr));
  embedding_backward(of(none), static_cast<const float*>(nullptr), 3, 4, dtable.data());
  for (float value : dtable) CHECK_EQ(value, 0.0f);  // no id names a row
}

TEST(embedding, an_id_outside_names_itself) {
  Guarded<int64_t> values(2);
  values[1] = 5;
  CHECK_THROWS(of(values).check("op", 5), std::out_of_range, "op: ids hold 5; expected 0 to 4");
  values[1] = -1;
  CHECK_THROWS(of(values).check("op", 5), std::out_of_range, "op: ids hold -1; expected 0 to 4");
  values[1] = 4;
  of(values).check("op", 5);
}

}  // namespace
}  // namespace foldgate
