// Optimizer updates in place, one pass over memory: with the formulas of Keras 3, w the variable and g its gradient. Every
// one of them scales w first, by 1 - learning_rate * weight_decay (decoupled weight decay), written w' here.
#pragma once
#include <cstdint>

namespace foldgate {

enum class Optimizer {
  kSgd,              // w = w' - lr g
  kMomentum,         // m = mu m - lr g;  w = w' + m
  kNesterov,         // m = mu m - lr g;  w = w' + mu m - lr g
  kRmsprop,          // v = rho v + (1 - rho) g^2;  w = w' - lr g / sqrt(v + eps)
  kRmspropMomentum,  // the same step d by momentum: m = mu m + d;  w = w' - m
  kRmspropCentered,  // a = rho a + (1 - rho) g;  v - a^2 in place of v
  kRmspropCenteredMomentum,
  kAdam,      // m += (g - m) p;  v += (g^2 - v) q;  w = w' - lr m / (sqrt(v) + eps)
  kAmsgrad,   // and u = max(u, v) in place of v
  kNadam,     // w = w' - lr (a m + b g) / (sqrt(c v) + eps)
  kAdamax,    // m += (g - m) p;  u = max(q u, |g|);  w = w' - lr m / (u + eps)
  kAdagrad,   // v += g^2;  w = w' - lr g / sqrt(v + eps)
  kAdadelta,  // v = rho v + (1 - rho) g^2;  d = g sqrt(u + eps) / sqrt(v + eps);  u = rho u + (1 - rho) d^2;
              // w = w' - lr d
  kLion,      // w = w' - lr sign(rho m + (1 - rho) g);  m = q m + (1 - q) g
};
constexpr int kOptimizers = 14;
constexpr int kMaxSlots = 3;

// How many slots each has, in the order of its formula's letters: m v (u), or v (a) (m), or v u.
constexpr int kOptimizerSlots[kOptimizers] = {0, 1, 1, 1, 2, 2, 3, 2, 3, 2, 2, 1, 2, 1};

// lr holds what bias corrections make of the learning rate.
template <class T>
struct OptimizerConstants {
  T decay, lr, epsilon, mu, rho, p, q, a, b, c;
};

template <class T>
struct OptimizerKernels {
  // Of n values; slots as kOptimizerSlots says. gradient may begin where an array that is written begins, and shares no
  // memory with one otherwise.
  void (*update)(Optimizer, const OptimizerConstants<T>&, const T* gradient, int64_t n, T* variable,
                 T* const* slots);
  T (*square_sum)(const T* x, int64_t n);
  void (*scale)(const T* x, int64_t n, T factor, T* y);
};

}  // namespace foldgate
