// core/cpu.h: the tiers, their cap, and what a machine says of itself.
#include "core/cpu.h"

#include <algorithm>

#include "check.h"

namespace foldgate {
namespace {

TEST(cpu, names_and_tiers_are_one_to_one) {
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512, Isa::kNeon}) {
    CHECK(isa_from_name(isa_name(isa)) == isa);
  }
  CHECK_THROWS(isa_from_name("avx9"), std::invalid_argument,
               "set_max_isa: name is 'avx9'; expected 'baseline'");
  CHECK_THROWS(isa_from_name(""), std::invalid_argument, "set_max_isa: name is ''");
}

TEST(cpu, tiers_stand_worst_first) {
  const std::vector<Isa> isas = available_isas();
  CHECK(!isas.empty());
  CHECK(std::is_sorted(isas.begin(), isas.end()));
  CHECK(isas.back() == detected_isa());
#if defined(__x86_64__)
  CHECK(isas.front() == Isa::kBaseline);
#elif defined(__aarch64__)
  CHECK(isas.front() == Isa::kNeon && isas.size() == 1);
#endif
}

TEST(cpu, a_cap_holds_and_can_be_taken_away) {
  const Isa before = active_isa();
  for (Isa isa : available_isas()) {
    set_max_isa(isa);
    CHECK(active_isa() == isa);
  }
  set_max_isa(Isa::kNeon);  // above every tier of x86-64: changes nothing
  CHECK(active_isa() == detected_isa());
  clear_max_isa();
  CHECK(active_isa() == detected_isa());
  set_max_isa(before);
}

TEST(cpu, the_machine_has_cores_and_caches) {
  CHECK_GE(usable_cores(), 1);
  const CacheSizes caches = cache_sizes();
  CHECK_GE(caches.l1d, 0);
  CHECK_GE(caches.l2, 0);
  CHECK_GE(caches.l3, 0);
}

}  // namespace
}  // namespace foldgate
