// Global average pooling of channels_first images: every plane has one mean, that of all its values.
#pragma once
#include <algorithm>

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

// body(first plane, planes, positions, counted) in parallel
template <class Body>
void for_some_planes(const AveragePlan& plan, Body body) {
  int64_t positions = 1, counted = 1;
  for (const AverageAxis& axis : plan.axes) positions *= axis.input, counted *= axis.spans[0].counted;
  const EvenSplit blocks(plan.images, std::max<int64_t>(1, kPlaneValues / positions));
  const double work = 8 * static_cast<double>(plan.images) * static_cast<double>(positions);  // from memory
  parallel_for(blocks.parts, workers_for(blocks.parts, work), [&](int64_t block, int) {
    body(blocks.begin(block), blocks.size(block), positions, counted);
  });
}

template <class T>
void plane_means(const AveragePlan& plan, const T* x, T* y) {
  for_some_planes(plan, [&](int64_t first, int64_t planes, int64_t positions, int64_t counted) {
    kernels<T>().average.plane_means(x + first * positions, planes, positions, static_cast<T>(counted),
                                     y + first);
  });
}

template <class T>
void plane_shares(const AveragePlan& plan, const T* dy, T* dx) {
  for_some_planes(plan, [&](int64_t first, int64_t planes, int64_t positions, int64_t counted) {
    for (int64_t plane = first; plane < first + planes; ++plane)
      std::fill_n(dx + plane * positions, positions, dy[plane] / static_cast<T>(counted));
  });
}

}  // namespace foldgate
