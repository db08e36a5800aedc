// Rows of windows of 2 x 2 pixels, the most common ones. What waits for loads from memory fills the scheduler, and fewer
// loads are under way: with no loops over rows and taps, and little to do for a vector, they take .7 to .8 of the time.
#pragma once
#include "simd/fetch.h"

namespace foldgate::FOLDGATE_ISA {

// Values of a pixel that are taken at a time: with a loop over single vectors max pools took 1.15 times as long.
template <class T>
constexpr int64_t kQuadValues = 4 * kLanes<T>;

// Windows that begin `next` values apart in two rows of pixels of `pixel` values, a multiple of kQuadValues, whose columns
// are `step` values apart.
template <class T>
struct Quads {
  const T *above, *below;
  int64_t outputs, next, step, pixel;
};

template <class T>
FOLDGATE_INLINE Vec<T> load_fetched(const T* p) {
  fetch_stream(p);
  return load(p);
}

// y = body(vectors of a window's four pixels, in the order of its taps).
template <class T, class Body>
FOLDGATE_INLINE void visit_quads(const Quads<T>& quads, T* y, Body body) {
  const int64_t pixel = quads.pixel, step = quads.step;
  const T *above = quads.above, *below = quads.below;
  for (int64_t o = quads.outputs; o > 0; --o, above += quads.next, below += quads.next, y += pixel)
    for (int64_t c = 0; c < pixel; c += kQuadValues<T>) {
      FOLDGATE_UNROLL
      for (int64_t i = c; i < c + kQuadValues<T>; i += kLanes<T>)
        store(y + i, body(load_fetched(above + i), load_fetched(above + step + i), load_fetched(below + i),
                          load_fetched(below + step + i)));
    }
}

}  // namespace foldgate::FOLDGATE_ISA
