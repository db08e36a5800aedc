// Global average pooling of channels_first images: every plane has one mean, that of all its values.
#pragma once
#include <algorithm>

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/gemm.h"
#include "kernels/table.h"
#include "ops/pool/average.h"

namespace foldgate {

constexpr int64_t kPlaneValues = 1 << 15;  // of a task

// Whether each plane of single values has one mean, that of all its values.
inline bool takes_planes(const AveragePlan& plan) {
  for (const AverageAxis& axis : plan.axes)
    if (axis.output != 1 || axis.spans[0].count != axis.input) return false;
  return plan.pixel == 1;
}

// Planes of `positions` values, shared out by blocks of whole planes.
struct PlaneTasks {
  explicit PlaneTasks(const AveragePlan& plan) : blocks(plan.images, 1) {
    for (const AverageAxis& axis : plan.axes) positions *= axis.input, counted *= axis.spans[0].counted;
    blocks = EvenSplit(plan.images, std::max<int64_t>(1, kPlaneValues / positions));
    workers = workers_for(
        blocks.parts, 8 * static_cast<double>(plan.images) * static_cast<double>(positions));  // from memory
  }
  // body(worker, first plane, planes) in parallel
  template <class Body>
  void run(Body body) const {
    parallel_for(blocks.parts, workers,
                 [&](int64_t block, int worker) { body(worker, blocks.begin(block), blocks.size(block)); });
  }

  int64_t positions = 1, counted = 1;
  EvenSplit blocks;
  int workers;
};

template <class T>
void plane_means(const AveragePlan& plan, const T* x, T* y, const PoolPower<T>* power) {
  const PlaneTasks tasks(plan);
  const int64_t n = tasks.positions;
  const auto means = kernels<T>().average.plane_means;
  const auto counted = static_cast<T>(tasks.counted);
  const bool squares = power && power->squares;
  const Scratch<T> powers(power && !squares ? tasks.workers * n : 0);
  tasks.run([&](int worker, int64_t first, int64_t planes) {
    if (!power || squares) return means(x + first * n, planes, n, counted, squares, y + first);
    T* const powered = powers.data() + worker * n;
    for (int64_t plane = first; plane < first + planes; ++plane) {
      power->powers(x + plane * n, n, false, powered);
      means(powered, 1, n, counted, false, y + plane);
    }
    power->roots(planes, y + first);
  });
}

template <class T>
void plane_shares(const AveragePlan& plan, const T* dy, T* dx) {
  const PlaneTasks tasks(plan);
  constexpr int64_t kPixel = 64;  // values, of pixels that one window holds
  const int64_t n = tasks.positions, pixels = n / kPixel;
  const Scratch<WindowHolders> all(pixels + 1);
  all.zero();
  const auto gather = kernels<T>().average.gather;
  tasks.run([&](int, int64_t first, int64_t planes) {
    for (int64_t plane = first; plane < first + planes; ++plane) {
      T* const begin = dx + plane * n;
      T share[kPixel];
      std::fill_n(share, kPixel, dy[plane] / static_cast<T>(tasks.counted));
      gather(all.data(), 1, pixels, kPixel, share, begin);
      gather(all.data(), 1, 1, n - pixels * kPixel, share, begin + pixels * kPixel);
    }
  });
}

}  // namespace foldgate
