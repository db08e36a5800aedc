#include "ops/optimizer.h"

#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"

namespace foldgate {
namespace {

constexpr int64_t kTaskValues = 1 << 14;

// body(task, first, count) of n values, with the work of `arrays` read or written
template <class Body>
void for_chunks(int64_t n, int arrays, Body body) {
  const int64_t tasks = ceil_div(n, kTaskValues);
  parallel_for(tasks, workers_for(tasks, kValueWork / 2 * arrays * static_cast<double>(n)),
               [&](int64_t task, int) {
                 const int64_t first = task * kTaskValues;
                 body(task, first, std::min(kTaskValues, n - first));
               });
}

}  // namespace

template <class T>
void optimizer_update(Optimizer kind, const OptimizerConstants<T>& constants, const T* gradient, int64_t n,
                      T* variable, T* const* slots) {
  const auto update = kernels<T>().optimizer.update;
  const int count = kOptimizerSlots[static_cast<int>(kind)];
  for_chunks(n, 3 + 2 * count, [&](int64_t, int64_t first, int64_t size) {
    T* parts[kMaxSlots] = {};
    for (int i = 0; i < count; ++i) parts[i] = slots[i] + first;
    update(kind, constants, gradient + first, size, variable + first, parts);
  });
}

template <class T>
double square_sum(const T* x, int64_t n) {
  const auto sum = kernels<T>().optimizer.square_sum;
  const Scratch<double> parts(ceil_div(n, kTaskValues));
  for_chunks(n, 1, [&](int64_t task, int64_t first, int64_t size) {
    parts[task] = static_cast<double>(sum(x + first, size));
  });
  double all = 0;
  for (int64_t i = 0; i < parts.size(); ++i) all += parts[i];
  return all;
}

template <class T>
void scale(const T* x, int64_t n, T factor, T* y) {
  const auto scale = kernels<T>().optimizer.scale;
  for_chunks(n, 2, [&](int64_t, int64_t first, int64_t size) { scale(x + first, size, factor, y + first); });
}

#define FOLDGATE_INSTANTIATE(T)                                                                              \
  template void optimizer_update(Optimizer, const OptimizerConstants<T>&, const T*, int64_t, T*, T* const*); \
  template double square_sum(const T*, int64_t);                                                             \
  template void scale(const T*, int64_t, T, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
