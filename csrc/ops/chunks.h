// Work over contiguous values or rows, cut by size alone.
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/check.h"
#include "core/thread_pool.h"
#include "ops/stream.h"

namespace foldgate {

constexpr int64_t kChunk = 1 << 14;  // values of a task: 64 KB of float, some 10 us

// body(begin, size) for chunks of `rows` rows of `width` values, some kChunk values each
template <class Body>
void in_chunks(int64_t rows, int64_t width, Body body) {
  const int64_t size = std::max<int64_t>(1, kChunk / std::max<int64_t>(1, width));
  const int64_t chunks = ceil_div(rows, size);
  const double work = kValueWork * static_cast<double>(rows) * static_cast<double>(width);
  parallel_for(chunks, workers_for(chunks, work),
               [&](int64_t chunk, int) { body(chunk * size, std::min(size, rows - chunk * size)); });
}

// The same for an output y, whose rows kernels begin anew: body(begin, size, to) writes a chunk of them to `to`. Rows of
// one value are contiguous values, and chunks of those begin lines.
template <class T, class Body>
void in_chunks(int64_t rows, int64_t width, T* y, Body body) {
  const Target<T> out = target(y, rows * width, width == 1 ? kChunk : width);
  in_chunks(rows, width, [&](int64_t begin, int64_t size) {
    body(begin, size, out + begin * width);
    fence(out);
  });
}

}  // namespace foldgate
