// The running maximum of one vector of windows: the first of equal values wins, and a NaN over every number.
#pragma once
#include "kernels/pool_taps.h"

namespace foldgate::FOLDGATE_ISA {

template <class T, class Tap>
struct Best {
  Vec<T> value = broadcast<T>(static_cast<T>(-__builtin_inf()));
  IntVec<T> tap;
};

// x wins if it is greater, or a NaN where there was none: not (x <= value), unless the value is a NaN.
template <class T, class Tap>
FOLDGATE_INLINE void meet(Best<T, Tap>& best, Vec<T> x, typename VecTraits<T>::Int tap) {
  const IntVec<T> wins = ~(x <= best.value) & (best.value == best.value);
  best.value = wins ? x : best.value;
  best.tap = wins ? broadcast_int<T>(tap) : best.tap;
}
// maximum() gives its second operand where either is a NaN: that keeps an old NaN, and a new one is put in.
template <class T>
FOLDGATE_INLINE void meet(Best<T, NoTaps>& best, Vec<T> x, typename VecTraits<T>::Int) {
  best.value = maximum(x, best.value);
  best.value = x != x ? x : best.value;
}

}  // namespace foldgate::FOLDGATE_ISA
