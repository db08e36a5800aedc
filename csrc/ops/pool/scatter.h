// The backward of lines: each window's dy goes straight to the position that won it, a value at a time.
#pragma once
#include "ops/pool/pool.h"

namespace foldgate {

// plan.lines. Every winner is checked as it is used; IndexError for a wrong one.
template <class T>
void max_pool_scatter(const PoolPlan& plan, const T* dy, const PoolWinners& winners, T* dx);

// The same where plan.takes_planes().
template <class T>
void max_pool_scatter_planes(const PoolPlan& plan, const T* dy, const PoolWinners& winners, T* dx);

}  // namespace foldgate
