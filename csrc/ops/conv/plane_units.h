// What both passes over depthwise planes have: weights as the kernels read them, and units shared out in tasks.
#pragma once
#include <algorithm>

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "ops/conv/plane_grid.h"

namespace foldgate {

// The weights as the kernels read them: (Cout, taps of the grid).
template <class T>
Scratch<T> plane_weights(const PlaneGrid& grid, const T* kernel, int64_t channels) {
  Scratch<T> packed(channels * static_cast<int64_t>(grid.taps().size()));
  T* to = packed.data();
  for (int64_t o = 0; o < channels; ++o)
    for (const PlaneTap& tap : grid.taps()) *to++ = kernel[tap.index * channels + o];
  return packed;
}

// Tasks of whole units: a unit computes the same in whichever task it is.
template <class Body>
void for_each_unit(int64_t units, double work, int workers, Body body) {
  constexpr double kTaskWork = 1 << 18;  // multiply-adds of a task: ~20 us
  const int64_t tasks = std::min(units, 1 + static_cast<int64_t>(work / kTaskWork));
  parallel_for(tasks, workers, [&](int64_t task, int worker) {
    const int64_t end = units * (task + 1) / tasks;
    for (int64_t i = units * task / tasks; i < end; ++i) body(i, worker);
  });
}

}  // namespace foldgate
