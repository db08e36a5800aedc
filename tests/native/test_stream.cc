// ops/stream.h: which outputs go past the cache, and that what does ends where it should, on every tier.
#include "ops/stream.h"

#include "check.h"
#include "guard.h"
#include "ops/elementwise.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;

template <class T>
constexpr int64_t kLeast = kPastCacheBytes / static_cast<int64_t>(sizeof(T));

template <class T>
void check_choice() {
  const bool any = kernels<T>().stream.fence != nullptr;
  alignas(kLineBytes) T line[64];  // is asked for its address alone
  CHECK_EQ(target(line, kLeast<T>, 64).past_cache, any);
  CHECK_EQ(target(line, kLeast<T> + 1, 1024).past_cache, any);
  CHECK(!target(line, kLeast<T> - 1, 64).past_cache);
  CHECK(!target(line, kLeast<T>, 63).past_cache);      // later rows begin within lines
  CHECK(!target(line + 1, kLeast<T>, 64).past_cache);  // the first does
  CHECK_EQ((target(line, kLeast<T>, 64) + 5).past_cache, any);
  CHECK((target(line, kLeast<T>, 64) + 5).data == line + 5);
}

TEST(stream, only_large_outputs_whose_rows_are_lines_go_past_the_cache) {
  test::on_every_tier([] {
    check_choice<float>();
    check_choice<double>();
  });
}

template <class T>
void check_size(int64_t n, Flush flush) {
  const Guarded<T> x(n, flush, T(3));
  Guarded<T> y(n, flush, T(-7));
  elementwise_forward(Elementwise::kRelu, T(0), x.data(), n, y.data());
  bool right = true;
  for (T value : y) right = right && value == T(3);
  CHECK(right);
}

TEST(stream, large_outputs_between_guard_pages) {
  test::on_every_tier([] {
    for (Flush flush : {Flush::kFront, Flush::kBack}) {
      for (int64_t more : {-1, 0, 1, 37}) check_size<float>(kLeast<float> + more, flush);
      check_size<double>(kLeast<double> + 5, flush);
    }
  });
}

}  // namespace
}  // namespace foldgate
