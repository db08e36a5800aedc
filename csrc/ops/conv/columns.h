// im2col and col2im of channels_last images, for a range of channels: what the op and the algorithm share.
#pragma once
#include <cstdint>

#include "ops/window.h"

namespace foldgate {

struct ChannelRange {
  int64_t all, first, count;
};

// x (batch, *in, channels.all) -> columns (batch * outputs, taps * channels.count), and the adjoint, which writes
// channels [first, first + count) of x.
template <class T>
void pixels_to_columns(const Window& window, int64_t batch, ChannelRange channels, const T* x, T* columns);
template <class T>
void columns_to_pixels(const Window& window, int64_t batch, ChannelRange channels, const T* columns, T* x);

// x (batch, channels, *in) -> columns (batch, taps * channels, *out), and the adjoint.
template <class T>
void planes_to_columns(const Window& window, int64_t batch, int64_t channels, const T* x, T* columns);
template <class T>
void columns_to_planes(const Window& window, int64_t batch, int64_t channels, const T* columns, T* x);

}  // namespace foldgate
