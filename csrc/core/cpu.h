// What this machine can run: instruction-set tiers and their cap, cores it may use, cache sizes.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace foldgate {

// Tiers of one architecture, worst first. On aarch64 the only tier is kNeon, on x86-64 the first is kBaseline.
enum class Isa { kBaseline, kAvx2, kAvx512, kNeon };

const char* isa_name(Isa isa);
Isa isa_from_name(const std::string& name);  // throws ValueError naming the tiers

std::vector<Isa> available_isas();  // built for this architecture and supported by this CPU, worst first
Isa detected_isa();                 // the best of them
Isa active_isa();                   // the best of them under the cap

// Caps the tier from now on; FOLDGATE_MAX_ISA does it at start. A cap above the machine's best changes nothing.
void set_max_isa(Isa cap);
void clear_max_isa();

// Cores that this process may use: the smaller of the affinity mask and the cgroup's CPU quota.
int usable_cores();

struct CacheSizes {
  int64_t l1d, l2, l3;  // bytes, of one core (l3: shared); 0 where the system does not say
};
CacheSizes cache_sizes();

}  // namespace foldgate
