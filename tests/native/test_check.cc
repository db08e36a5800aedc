// core/check.h: the arithmetic on extents that come from outside, and the words of its errors.
#include "core/check.h"

#include "check.h"

namespace foldgate {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(check, extents_that_fit_are_computed) {
  CHECK_EQ(checked_add("op", kMax - 1, 1), kMax);
  CHECK_EQ(checked_add("op", -3, 1), -2);
  CHECK_EQ(checked_mul("op", int64_t{1} << 31, (int64_t{1} << 32) - 1), kMax - ((int64_t{1} << 31) - 1));
  CHECK_EQ(checked_product("op", {}), 1);
  CHECK_EQ(checked_product("op", {2, 3, 0, kMax}), 0);
  CHECK_EQ(checked_product("op", std::vector<int64_t>{5, 7, 11}), 385);
}

TEST(check, extents_past_2_63_are_value_errors) {
  CHECK_THROWS(checked_add("conv", kMax, 1), std::invalid_argument, "conv: extents 9223372036854775807 + 1");
  CHECK_THROWS(checked_mul("conv", int64_t{1} << 32, int64_t{1} << 31), std::invalid_argument,
               "conv: extents");
  CHECK_THROWS(checked_product("pool", {1 << 30, 1 << 30, 1 << 30}), std::invalid_argument, "pool: extents");
  CHECK_THROWS(checked_product("pool", std::vector<int64_t>{kMax, 2}), std::invalid_argument,
               "pool: extents");
}

TEST(check, require_speaks_only_when_it_fails) {
  require(true, "never said");
  CHECK_THROWS(require(1 > 2, "op: a is ", 1, "; expected ", 2.5), std::invalid_argument,
               "op: a is 1; expected 2.5");
}

TEST(check, shapes_read_like_numpy) {
  CHECK_EQ(text(shape_text({})) == "()", true);
  CHECK_EQ(text(shape_text({3})) == "(3,)", true);
  CHECK_EQ(text(shape_text({2, 0, 4})) == "(2, 0, 4)", true);
}

TEST(check, quotients_round_up) {
  CHECK_EQ(ceil_div(0, 4), 0);
  CHECK_EQ(ceil_div(8, 4), 2);
  CHECK_EQ(ceil_div(9, 4), 3);
  CHECK_EQ(round_up(9, 4), 12);
}

}  // namespace
}  // namespace foldgate
