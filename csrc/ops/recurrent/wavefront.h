// Layers over one another on several threads. Each layer's steps are cut into pieces; a layer may take piece p when it
// has taken those before it and the layer that it reads from has taken p:
//
//   layer 0   0 1 2 3
//   layer 1     0 1 2 3        time ->
//
// A worker keeps a layer, whose weights are in its cache, for as long as there is something to take, so that pieces are
// ceil(layers / workers) rounds and what the last layers wait at first.
#pragma once
#include <atomic>
#include <cstdint>
#include <vector>

#include "core/function_ref.h"
#include "ops/recurrent/plan.h"

namespace foldgate {

class Wavefront {
 public:
  Wavefront(int64_t layers, int64_t pieces) : layers_(layers), pieces_(pieces) {}

  // body(layer, piece) for all; it may not throw.
  void run(int workers, FunctionRef<void(int64_t layer, int64_t piece)> body);

 private:
  struct alignas(64) Layer {
    std::atomic<bool> taken{false};
    std::atomic<int64_t> done{0};  // pieces
  };
  bool ready(int64_t layer) const;
  bool run_layer(int64_t layer, FunctionRef<void(int64_t, int64_t)> body);

  std::vector<Layer> layers_;
  const int64_t pieces_;
};

// How a stack of layers like the plan's is shared among threads: one layer after the other, each on as many threads as
// it makes use of, or, where these are fewer than layers and threads, as a wavefront with a thread a layer.
struct StackSplit {
  // passes: as RecurrentSplit
  static StackSplit make(const RecurrentPlan& plan, int64_t layers, int passes);

  int workers = 1;  // of the wavefront; 1: none
  int64_t piece_steps = 0, pieces = 0;
};

}  // namespace foldgate
