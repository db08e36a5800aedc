// The maxima of the parts of each axis, forward and backward. Parts are those of AveragePlan::make_adaptive; winners are
// flat positions in the plane, and a part is a window: the first maximum wins, NaN wins.
#pragma once
#include <optional>

#include "ops/pool/average.h"
#include "ops/pool/pool.h"

namespace foldgate {

// Parts of one size along every axis are the windows of a max pool.
struct AdaptiveMaxPlan {
  const char* op;
  AveragePlan parts;
  std::optional<PoolPlan> windows;
  static AdaptiveMaxPlan make(const char* op, const std::vector<int64_t>& input_shape,
                              const std::vector<int64_t>& output_size, bool channels_first);
};

// positions may be null.
template <class T>
void adaptive_max_pool(const AdaptiveMaxPlan& plan, const T* x, T* y, int64_t* positions);
// Every dy at the position that won its part. Throws IndexError (std::out_of_range) for a position that is not of its
// own part.
template <class T>
void adaptive_max_pool_backward(const AdaptiveMaxPlan& plan, const T* dy, const int64_t* positions, T* dx);

}  // namespace foldgate
