// Optimizer updates, and the norm of gradients; formulas in kernels/optimizer.h.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/optimizer.h"

namespace foldgate {

// n values of each array; as many slots as kOptimizerSlots says.
template <class T>
void optimizer_update(Optimizer kind, const OptimizerConstants<T>& constants, const T* gradient, int64_t n,
                      T* variable, T* const* slots);

// The sum of the squares of n values: of chunks of a fixed size in T, and of those in double.
template <class T>
double square_sum(const T* x, int64_t n);

// y = factor x
template <class T>
void scale(const T* x, int64_t n, T factor, T* y);

}  // namespace foldgate
