// Loops over the channels of a pixel, a vector at a time.
#pragma once
#include <cstdint>

#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

// The channels of a vector: all lanes, or the `live` first ones of the last vector. A branch a load would cost as much
// as the load.
template <bool kWhole, class T>
FOLDGATE_INLINE Vec<T> load_channels(const T* p, int64_t live) {
  if constexpr (kWhole)
    return load(p);
  else
    return load_part(p, live);
}
template <bool kWhole, class T>
FOLDGATE_INLINE void store_channels(T* p, Vec<T> v, int64_t live) {
  if constexpr (kWhole)
    store(p, v);
  else
    store_part(p, v, live);
}
template <bool kWhole>
struct Channels {
  static constexpr bool value = kWhole;
};
// body(whole, first channel, live channels) over the vectors of a row, from channel c on.
template <class T, class Body>
FOLDGATE_INLINE void for_channels(int64_t channels, Body body, int64_t c = 0) {
  for (; c + kLanes<T> <= channels; c += kLanes<T>) body(Channels<true>(), c, int64_t{kLanes<T>});
  if (c < channels) body(Channels<false>(), c, channels - c);
}

}  // namespace foldgate::FOLDGATE_ISA
