// The groups of a Winograd convolution, some at a time.
#pragma once
#include <algorithm>

#include "core/thread_pool.h"
#include "kernels/gemm.h"

namespace foldgate {

// Channels of a slab: whole cache lines of a pixel, and no more than what a block of tiles makes of them leaves in L2.
constexpr int64_t kSlabChannels = 64;

// body(first group, groups, alone) for slabs of `groups` of up to `widest` channels. Slabs enough for all threads are run by
// one of them each, `alone`; few share the threads within each.
template <class Body>
void for_each_slab(int64_t groups, int64_t widest, double work, Body body) {
  const EvenSplit slabs(groups, std::max<int64_t>(1, kSlabChannels / widest));
  const int workers = workers_for(slabs.parts, work);
  if (workers > 1 && slabs.parts >= 2 * workers)
    return parallel_for(slabs.parts, workers,
                        [&](int64_t slab, int) { body(slabs.begin(slab), slabs.size(slab), true); });
  for (int64_t slab = 0; slab < slabs.parts; ++slab) body(slabs.begin(slab), slabs.size(slab), false);
}

}  // namespace foldgate
