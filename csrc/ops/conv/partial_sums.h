// A weight gradient as a sum over pixels that several tasks share: parts cut by shape, each with an accumulator of its
// own, joined in their order. The first part sums into the result itself.
#pragma once
#include <algorithm>

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"

namespace foldgate {

constexpr int64_t kWeightParts = 8;
constexpr int64_t kPartBytes = 2 << 20;  // of all accumulators: writing and joining them stays in the caches

// Parts for a gradient of `bytes`, where the pixels are worth up to `worth` of them: one, or an even number, which two threads
// share in halves.
inline int64_t weight_parts(int64_t bytes, int64_t worth) {
  const int64_t most = std::min({kWeightParts, kPartBytes / std::max<int64_t>(1, bytes), worth});
  return most < 2 ? 1 : most / 2 * 2;
}

template <class T>
class PartialSums {
 public:
  PartialSums(int64_t parts, int64_t size, bool accumulate, T* result)
      : parts_(parts), size_(size), accumulate_(accumulate), result_(result), others_((parts - 1) * size) {}

  T* part(int64_t index) const { return index == 0 ? result_ : others_.data() + (index - 1) * size_; }
  // Whether a part's sums are added to what stands there from the start.
  bool accumulates(int64_t index) const { return index == 0 && accumulate_; }

  void join() const {
    if (parts_ == 1) return;
    constexpr int64_t kBlock = 4096;
    const EvenSplit blocks(size_, kBlock);
    const auto add = kernels<T>().conv.add;
    parallel_for(blocks.parts, workers_for(blocks.parts, kValueWork * static_cast<double>(parts_ * size_)),
                 [&](int64_t block, int) {
                   for (int64_t i = 1; i < parts_; ++i)
                     add(result_ + blocks.begin(block), part(i) + blocks.begin(block), blocks.size(block));
                 });
  }

 private:
  int64_t parts_, size_;
  bool accumulate_;
  T* result_;
  Scratch<T> others_;
};

}  // namespace foldgate
