// Zeros where not all of a result is computed.
#pragma once
#include <cstdint>
#include <cstring>

#include "core/thread_pool.h"
#include "kernels/gemm.h"

namespace foldgate {

// On all threads: one writes half as fast.
template <class T>
void write_zeros(T* values, int64_t size) {
  constexpr int64_t kTaskBytes = 512 << 10;
  const EvenSplit tasks(size, kTaskBytes / static_cast<int64_t>(sizeof(T)));
  const double work = kValueWork / 2 * static_cast<double>(size);  // nothing is read
  parallel_for(tasks.parts, workers_for(tasks.parts, work), [&](int64_t task, int) {
    std::memset(static_cast<void*>(values + tasks.begin(task)), 0,
                static_cast<size_t>(tasks.size(task)) * sizeof(T));
  });
}

}  // namespace foldgate
