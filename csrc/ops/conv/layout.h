// Moving images between layouts: planes (channels_first) to pixels (channels_last) and back, and into a frame of zeros;
// and weights.
#pragma once
#include <cstdint>

#include "ops/conv/images.h"

namespace foldgate {

// (count, channels, positions) -> (count, positions, channels), and back. Nothing is moved where one of the two is 1:
// the layouts are then the same (same_layout).
template <class T>
void planes_to_pixels(const T* planes, int64_t count, int64_t channels, int64_t positions, T* pixels);
template <class T>
void pixels_to_planes(const T* pixels, int64_t count, int64_t channels, int64_t positions, T* planes);

inline bool same_layout(int64_t channels, int64_t positions) { return channels == 1 || positions == 1; }

// Weights with the outputs first, (outputs, inputs, taps), as the kernel (taps, inputs, outputs), and back.
template <class T>
void weights_to_kernel(const T* weights, int64_t outputs, int64_t inputs, int64_t taps, T* kernel);
template <class T>
void kernel_to_weights(const T* kernel, int64_t outputs, int64_t inputs, int64_t taps, T* weights);

// Extents of an axis with its padding, as far as windows reach.
int64_t framed_extent(const WindowAxis& axis);
int64_t framed_size(const Window& window, int64_t channels);  // of one image
bool has_padding(const Window& window);                       // that a window reaches

// Dense images into `frame`, each with its padding around it, zeros. frame holds count * framed_size elements.
template <class T>
Images<T> frame_images(const T* images, int64_t count, int64_t channels, const Window& window, T* frame);

}  // namespace foldgate
