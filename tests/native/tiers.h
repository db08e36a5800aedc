// For tests that run once on every instruction-set tier of this CPU, under FOLDGATE_MAX_ISA as everything else.
#pragma once

#include <string>
#include <vector>

#include "core/cpu.h"

namespace foldgate::test {

// Tiers from the worst up to the one that is active: under a cap, a test stays under it.
inline std::vector<Isa> tiers() {
  std::vector<Isa> below;
  for (Isa isa : available_isas()) {
    if (isa <= active_isa()) below.push_back(isa);
  }
  return below;
}

// body() with each of them active in turn.
template <class Body>
void on_every_tier(Body body) {
  const Isa before = active_isa();
  for (Isa isa : tiers()) {
    set_max_isa(isa);
    body();
  }
  set_max_isa(before);
}

// 1, n - 1, n, n + 1 and 2 n + 1 for the sizes that the kernels are built around.
inline std::vector<int64_t> around(std::vector<int64_t> sizes) {
  std::vector<int64_t> all{1, 2, 3};
  for (int64_t size : sizes) {
    for (int64_t near : {size - 1, size, size + 1, 2 * size + 1}) {
      if (near > 3) all.push_back(near);
    }
  }
  return all;
}

}  // namespace foldgate::test
