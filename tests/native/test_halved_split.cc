// ops/conv/halved_split.h: parts that cover the whole in order, none too large, of halves that are as even as they can be.
#include "ops/conv/halved_split.h"

#include <algorithm>

#include "check.h"

namespace foldgate {
namespace {

TEST(halved_split, parts_cover_the_whole_in_order) {
  for (int64_t total = 1; total < 40; ++total)
    for (int64_t largest = 1; largest < 12; ++largest) {
      const HalvedSplit split(total, largest);
      int64_t next = 0, greatest = 0;
      for (int64_t part = 0; part < split.parts(); ++part) {
        CHECK_EQ(split.begin(part), next);
        CHECK(split.size(part) >= 1 && split.size(part) <= largest);
        next += split.size(part);
        greatest = std::max(greatest, split.size(part));
      }
      CHECK_EQ(next, total);
      CHECK_EQ(split.largest(), greatest);
    }
}

TEST(halved_split, the_first_half_of_the_parts_is_half_of_the_whole) {
  for (int64_t total = 2; total < 40; total += 2)
    for (int64_t largest = 1; largest < total; ++largest) {
      const HalvedSplit split(total, largest);
      CHECK_EQ(split.parts() % 2, 0);
      CHECK_EQ(split.begin(split.parts() / 2), total / 2);
    }
  CHECK_EQ(HalvedSplit(5, 5).parts(), 1);
}

}  // namespace
}  // namespace foldgate
