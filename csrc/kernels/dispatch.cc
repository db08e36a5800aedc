// Compiled once, at the baseline.
#include "core/cpu.h"
#include "kernels/table.h"

namespace foldgate {

#if defined(__aarch64__)
namespace neon {
KernelTable kernel_table();
}
#else
namespace baseline {
KernelTable kernel_table();
}
#endif
#if defined(__x86_64__) && !defined(FOLDGATE_BASELINE_ONLY)
namespace avx2 {
KernelTable kernel_table();
}
namespace avx512 {
KernelTable kernel_table();
}
#endif

const KernelTable& active_table() {
#if defined(__aarch64__)
  static const KernelTable neon_table = neon::kernel_table();
  return neon_table;
#else
#if defined(__x86_64__) && !defined(FOLDGATE_BASELINE_ONLY)
  if (active_isa() == Isa::kAvx512) {
    static const KernelTable avx512_table = avx512::kernel_table();
    return avx512_table;
  }
  if (active_isa() == Isa::kAvx2) {
    static const KernelTable avx2_table = avx2::kernel_table();
    return avx2_table;
  }
#endif
  static const KernelTable baseline_table = baseline::kernel_table();
  return baseline_table;
#endif
}

}  // namespace foldgate
