#include "core/cpu.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "core/check.h"

namespace foldgate {
namespace {

std::vector<Isa> detect() {
#if defined(__x86_64__) && !defined(FOLDGATE_BASELINE_ONLY)
  std::vector<Isa> isas{Isa::kBaseline};
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) isas.push_back(Isa::kAvx2);
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    isas.push_back(Isa::kAvx512);
  return isas;
#elif defined(__aarch64__)
  return {Isa::kNeon};
#else
  return {Isa::kBaseline};
#endif
}

const std::vector<Isa>& detected() {
  static const std::vector<Isa> isas = detect();
  return isas;
}

Isa capped(Isa cap) {
  Isa best = detected().front();
  for (Isa isa : detected())
    if (isa <= cap) best = isa;
  return best;
}

// An unknown name in the environment must not end the import of a library: it is then no cap at all, and
// show_config() prints what is active.
Isa initial_isa() {
  const char* name = std::getenv("FOLDGATE_MAX_ISA");
  if (!name || !*name) return detected().back();
  try {
    return capped(isa_from_name(name));
  } catch (const std::invalid_argument&) {
    return detected().back();
  }
}

std::atomic<Isa>& active() {
  static std::atomic<Isa> isa{initial_isa()};
  return isa;
}

// "<quota> <period>" in cgroup v2's cpu.max; "max" means no quota.
int cgroup_cores() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return std::max(1, static_cast<int>(std::ceil(std::atof(quota.c_str()) / period)));
}

}  // namespace

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
    case Isa::kNeon: return "neon";
    default: return "baseline";
  }
}

Isa isa_from_name(const std::string& name) {
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512, Isa::kNeon})
    if (name == isa_name(isa)) return isa;
  fail_value("set_max_isa: name is '", name, "'; expected 'baseline', 'avx2', 'avx512' or 'neon'");
}

std::vector<Isa> available_isas() { return detected(); }
Isa detected_isa() { return detected().back(); }
Isa active_isa() { return active().load(std::memory_order_relaxed); }
void set_max_isa(Isa cap) { active().store(capped(cap)); }
void clear_max_isa() { active().store(detected().back()); }

int usable_cores() {
  int cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) cores = CPU_COUNT(&mask);
  if (const int quota = cgroup_cores()) cores = std::min(cores, quota);
  return std::max(1, cores);
}

CacheSizes cache_sizes() {
  auto size = [](int name) { return std::max<int64_t>(0, sysconf(name)); };
  return {size(_SC_LEVEL1_DCACHE_SIZE), size(_SC_LEVEL2_CACHE_SIZE), size(_SC_LEVEL3_CACHE_SIZE)};
}

}  // namespace foldgate
