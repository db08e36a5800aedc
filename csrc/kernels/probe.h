// The machine's own limit, so that "% of peak" is true anywhere.
#pragma once
#include <cstdint>

namespace foldgate {

template <class T>
struct ProbeKernels {
  // Runs `rounds` of independent fused multiply-adds in registers; returns the floating-point operations done.
  double (*multiply_add)(int64_t rounds, T* sink);
};

}  // namespace foldgate
