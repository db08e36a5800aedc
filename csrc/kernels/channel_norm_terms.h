// What channel norm's kernels do to a vector of values, in planes and in columns.
#pragma once
#include "kernels/channel_norm.h"
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

// The terms of a vector: all the same in a plane, a lane's own in columns.
template <class T>
struct VectorTerms {
  Vec<T> mean, scale, shift, slope, offset;
};

// d: dy where relu lets it through. y is computed again, by the forward's own operations; a NaN passes its gradient on.
template <bool Relu, class T>
FOLDGATE_INLINE Vec<T> through(Vec<T> dy, Vec<T> deviation, const VectorTerms<T>& t) {
  if constexpr (!Relu) return dy;
  return deviation * t.scale + t.shift <= Vec<T>{} ? Vec<T>{} : dy;
}

// y is at least `floor`: 0 of relu, and minus infinity.
template <class T>
FOLDGATE_INLINE T floor_of(bool relu) {
  return relu ? T(0) : -static_cast<T>(__builtin_inf());
}
template <class T>
FOLDGATE_INLINE Vec<T> normalized(Vec<T> x, const VectorTerms<T>& t, T floor) {
  return maximum(broadcast<T>(floor), (x - t.mean) * t.scale + t.shift);
}

// x is not read where the statistics are constant and there is no relu to see it.
template <bool Relu, bool Constant, class T>
FOLDGATE_INLINE Vec<T> gradient_of(const T* dy, const T* x, int64_t live, const VectorTerms<T>& t) {
  Vec<T> deviation = {};
  if constexpr (Relu || !Constant) deviation = load(x, live) - t.mean;
  const Vec<T> d = through<Relu>(load(dy, live), deviation, t) * t.scale;
  if constexpr (Constant) return d;
  return d + (deviation * t.slope + t.offset);
}

template <bool Value>
struct Flag {
  static constexpr bool value = Value;
};
// body(relu, constant), as Flags
template <class Body>
FOLDGATE_INLINE void by_mode(NormMode mode, Body body) {
  if (mode.constant)
    mode.relu ? body(Flag<true>{}, Flag<true>{}) : body(Flag<false>{}, Flag<true>{});
  else
    mode.relu ? body(Flag<true>{}, Flag<false>{}) : body(Flag<false>{}, Flag<false>{});
}

}  // namespace foldgate::FOLDGATE_ISA
