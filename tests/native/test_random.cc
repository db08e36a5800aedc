// ops/random on every tier: the words against the definition, sizes around blocks between guard pages.
#include "ops/random.h"

#include <cstdint>
#include <vector>

#include "check.h"
#include "guard.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;

// Word `which` of a counter, as the paper has it.
uint32_t philox(uint64_t seed, uint64_t counter, int which) {
  uint32_t c[4] = {static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), 0, 0};
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 7; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
    const uint64_t low = uint64_t{0xD2511F53u} * c[0], high = uint64_t{0xCD9E8D57u} * c[2];
    const uint32_t next[4] = {static_cast<uint32_t>(high >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(high),
                              static_cast<uint32_t>(low >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(low)};
    for (int i = 0; i < 4; ++i) c[i] = next[i];
  }
  return c[which];
}

TEST(random, the_definition_gives_the_known_answer) {
  CHECK_EQ(philox(0, 0, 0), 0x5f6fb709u);
  CHECK_EQ(philox(0, 0, 3), 0x4f730a48u);
}

template <class T>
void check(int64_t n, RandomStream stream, Flush flush) {
  Guarded<T> x(n, flush), y(n, flush, T(-7)), u(n, flush, T(-7));
  for (int64_t i = 0; i < n; ++i) x[i] = static_cast<T>(i + 1);
  dropout(stream, 0.25, x.data(), n, y.data());
  random_uniform(stream, 0, 1, n, u.data());
  bool right = true;
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t word =
        philox(stream.seed, stream.offset + static_cast<uint64_t>(i / 4), static_cast<int>(i % 4));
    const T scale = static_cast<T>(1 / 0.75);
    right = right && y[i] == (word < 0x40000000u ? T(0) : x[i] * scale);
    const T fraction =
        sizeof(T) == 4 ? static_cast<T>(word >> 8) * T(0x1p-24) : static_cast<T>(word) * T(0x1p-32);
    right = right && u[i] == fraction;
  }
  CHECK(right);
  dropout(stream, 0.25, x.data(), n, x.data());  // in place
  for (int64_t i = 0; i < n; ++i) right = right && x[i] == y[i];
  CHECK(right);
}

// A range whose 2^-32nd part is denormal: the same fractions of it, each rounded once.
TEST(random, a_tiny_range_keeps_its_fractions) {
  test::on_every_tier([] {
    constexpr int64_t kCount = 1000;
    constexpr float kRange = 0x1.8p-100f;
    Guarded<float> one(kCount), tiny(kCount);
    random_uniform(RandomStream{3, 0}, 0, 1, kCount, one.data());
    random_uniform(RandomStream{3, 0}, 0, kRange, kCount, tiny.data());
    bool right = true;
    for (int64_t i = 0; i < kCount; ++i) right = right && tiny[i] == one[i] * kRange;
    CHECK(right);
  });
}

TEST(random, every_word_on_every_tier) {
  test::on_every_tier([] {
    for (const RandomStream& stream :
         {RandomStream{0, 0}, RandomStream{~uint64_t{0}, (uint64_t{1} << 32) - 2},
          RandomStream{5, (uint64_t{1} << 32) - 300}, RandomStream{77, ~uint64_t{0} - 1}}) {
      for (int64_t n : test::around({16, 64, 160, 256, 1 << 14})) {
        check<float>(n, stream, Flush::kBack);
        check<double>(n, stream, Flush::kFront);
      }
    }
  });
}

}  // namespace
}  // namespace foldgate
