// How far apart two cores are, for benchmarks: on one chip, on two, or two threads of one core.
#pragma once

namespace foldgate {

// Nanoseconds in which a value passes from the caller's core to another worker's and a new one comes back, halved; the median
// of several bursts. 0 where no worker joined in time, or both had to share a core.
double measure_handover();

}  // namespace foldgate
