#include "ops/recurrent/wavefront.h"

#include <algorithm>

#include "core/check.h"
#include "core/spin.h"
#include "core/thread_pool.h"
#include "ops/recurrent/split.h"

namespace foldgate {
namespace {

constexpr int64_t kPieces = 16;    // a layer: the last of two waits for a sixteenth
constexpr int64_t kLeastRows = 8;  // of a piece, whose products with x read the weights once

}  // namespace

bool Wavefront::ready(int64_t layer) const {
  const int64_t done = layers_[layer].done.load(std::memory_order_relaxed);
  return done < pieces_ && (layer == 0 || layers_[layer - 1].done.load(std::memory_order_acquire) > done);
}

// Whether it took a piece.
bool Wavefront::run_layer(int64_t index, FunctionRef<void(int64_t, int64_t)> body) {
  Layer& layer = layers_[index];
  if (!ready(index) || layer.taken.exchange(true, std::memory_order_acquire)) return false;
  bool any = false;
  for (; ready(index); any = true) {
    const int64_t piece = layer.done.load(std::memory_order_relaxed);
    body(index, piece);
    layer.done.store(piece + 1, std::memory_order_release);
  }
  layer.taken.store(false, std::memory_order_release);
  return any;
}

void Wavefront::run(int workers, FunctionRef<void(int64_t, int64_t)> body) {
  const auto layers = static_cast<int64_t>(layers_.size());
  parallel_region(workers, [&](int) {
    for (int waits = 0; layers_.back().done.load(std::memory_order_acquire) < pieces_;) {
      bool any = false;
      for (int64_t layer = 0; layer < layers; ++layer) any |= run_layer(layer, body);
      waits = any ? 0 : waits + 1;  // another worker is at the piece that all wait for
      if (waits > 0) spin_or_yield(waits);
    }
  });
}

StackSplit StackSplit::make(const RecurrentPlan& plan, int64_t layers, int passes) {
  const auto most = static_cast<int>(std::min<int64_t>(layers, get_num_threads()));
  StackSplit split;
  if (most == 1 || !worth_threads(plan, static_cast<double>(layers * passes))) return split;
  const RecurrentSplit layer = RecurrentSplit::make(plan, passes, get_num_threads());
  const bool pays_anywhere = layer.nearness.handover_ns == 0;  // short steps are better a thread a layer
  if (layer.workers >= most && pays_anywhere) return split;
  const int64_t steps = plan.longest();
  split.workers = most;
  split.piece_steps = std::max(ceil_div(steps, kPieces), ceil_div(kLeastRows, plan.batch));
  split.pieces = ceil_div(steps, split.piece_steps);
  return split;
}

}  // namespace foldgate
