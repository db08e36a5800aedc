// The backward of windows that share no position, a value a position: a scatter touches each output once, where the
// gather of pool.h meets every input row.
#pragma once
#include "ops/pool/pool.h"

namespace foldgate {

// plan.lines and windows_apart(plan.window). Every winner is checked as it is used; IndexError for a wrong one.
template <class T>
void max_pool_scatter(const PoolPlan& plan, const T* dy, const PoolWinners& winners, T* dx);

}  // namespace foldgate
