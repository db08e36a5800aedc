#include "ops/conv/layout.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/divide.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/zeros.h"

namespace foldgate {
namespace {

// Positions and channels of a task: a block that is written in pieces of whole cache lines and stays in L2.
constexpr int64_t kBlock = 1024, kBlockChannels = 64;

struct LayoutBlock {
  int64_t first, count, channel, channels;
};

// body(image, block) over blocks of positions and channels, in parallel.
template <class Body>
void for_each_block(int64_t count, int64_t channels, int64_t positions, Body body) {
  const EvenSplit blocks(positions, kBlock);
  const int64_t groups = ceil_div(channels, kBlockChannels);
  const double work = kValueWork * static_cast<double>(count) * static_cast<double>(channels) *
                      static_cast<double>(positions);
  const int64_t tasks = count * blocks.parts * groups;
  parallel_for(tasks, workers_for(tasks, work), [&](int64_t task, int) {
    const int64_t block = task / groups % blocks.parts, channel = task % groups * kBlockChannels;
    body(task / groups / blocks.parts, LayoutBlock{blocks.begin(block), blocks.size(block), channel,
                                                   std::min(kBlockChannels, channels - channel)});
  });
}

// body(image, row) over the rows of all images, a plane a task.
template <class Body>
void for_each_row(int64_t count, const Window& w, int64_t channels, Body body) {
  const int64_t depth = w.depth().input, height = w.height().input;
  const double work =
      kValueWork * static_cast<double>(count * w.input_positions()) * static_cast<double>(channels);
  parallel_for(count * depth, workers_for(count * depth, work), [&](int64_t plane, int) {
    for (int64_t y = 0; y < height; ++y) body(plane / depth, plane % depth, y);
  });
}

}  // namespace

template <class T>
void planes_to_pixels(const T* planes, int64_t count, int64_t channels, int64_t positions, T* pixels) {
  const auto transpose = kernels<T>().gemm.transpose;
  for_each_block(count, channels, positions, [&](int64_t n, const LayoutBlock& b) {
    const int64_t image = n * channels * positions;
    transpose(planes + image + b.channel * positions + b.first, positions, b.channels, b.count,
              pixels + image + b.first * channels + b.channel, channels);
  });
}

template <class T>
void pixels_to_planes(const T* pixels, int64_t count, int64_t channels, int64_t positions, T* planes) {
  const auto transpose = kernels<T>().gemm.transpose;
  for_each_block(count, channels, positions, [&](int64_t n, const LayoutBlock& b) {
    const int64_t image = n * channels * positions;
    transpose(pixels + image + b.first * channels + b.channel, channels, b.count, b.channels,
              planes + image + b.channel * positions + b.first, positions);
  });
}

namespace {

// Weights are a matrix (outputs, inputs * taps) whose columns are the rows of the kernel in another order: a piece of so many
// columns at a time is turned through L1.
constexpr int64_t kPieceColumns = 64;

// Where the kernel has a column of the weights, which is input * taps + tap: at tap * inputs + input.
int64_t kernel_row(int64_t column, int64_t inputs, int64_t taps) {
  const int64_t input = divide(column, taps);
  return (column - input * taps) * inputs + input;
}

// body(first column, columns, first output, outputs) of each piece.
template <class Body>
void for_each_piece(int64_t outputs, int64_t columns, Body body) {
  for_each_block(1, outputs, columns, [&](int64_t, const LayoutBlock& b) {
    const EvenSplit pieces(b.count, kPieceColumns);
    for (int64_t p = 0; p < pieces.parts; ++p)
      body(b.first + pieces.begin(p), pieces.size(p), b.channel, b.channels);
  });
}

}  // namespace

template <class T>
void weights_to_kernel(const T* weights, int64_t outputs, int64_t inputs, int64_t taps, T* kernel) {
  if (taps == 1) return planes_to_pixels(weights, 1, outputs, inputs, kernel);
  const int64_t columns = inputs * taps;
  for_each_piece(outputs, columns, [&](int64_t first, int64_t count, int64_t output, int64_t width) {
    T piece[kPieceColumns * kBlockChannels];
    kernels<T>().gemm.transpose(weights + output * columns + first, columns, width, count, piece, width);
    for (int64_t j = 0; j < count; ++j)
      std::copy_n(piece + j * width, width, kernel + kernel_row(first + j, inputs, taps) * outputs + output);
  });
}

template <class T>
void kernel_to_weights(const T* kernel, int64_t outputs, int64_t inputs, int64_t taps, T* weights) {
  if (taps == 1) return pixels_to_planes(kernel, 1, outputs, inputs, weights);
  const int64_t columns = inputs * taps;
  for_each_piece(outputs, columns, [&](int64_t first, int64_t count, int64_t output, int64_t width) {
    T piece[kPieceColumns * kBlockChannels];
    for (int64_t j = 0; j < count; ++j)
      std::copy_n(kernel + kernel_row(first + j, inputs, taps) * outputs + output, width, piece + j * width);
    kernels<T>().gemm.transpose(piece, width, count, width, weights + output * columns + first, columns);
  });
}

int64_t framed_extent(const WindowAxis& axis) {
  return std::max(axis.before + axis.input, (axis.output - 1) * axis.stride + axis.extent());
}

int64_t framed_size(const Window& w, int64_t channels) {
  return checked_product(
      "conv", {framed_extent(w.axes[0]), framed_extent(w.axes[1]), framed_extent(w.axes[2]), channels});
}

bool has_padding(const Window& w) {
  for (const WindowAxis& axis : w.axes)
    if (framed_extent(axis) != axis.input) return true;
  return false;
}

namespace {
// The frame, and where in it the images begin.
template <class T>
Images<T> frame_of(T* frame, int64_t channels, const Window& w) {
  return dense_images(frame, framed_extent(w.axes[0]), framed_extent(w.axes[1]), framed_extent(w.axes[2]),
                      channels);
}
template <class T>
int64_t corner(const Images<T>& frame, const Window& w) {
  return w.axes[0].before * frame.step[1] + w.axes[1].before * frame.step[2] +
         w.axes[2].before * frame.step[3];
}
}  // namespace

template <class T>
Images<T> frame_images(const T* images, int64_t count, int64_t channels, const Window& w, T* frame) {
  const Images<T> out = frame_of(frame, channels, w);
  const Images<const T> in = dense_inputs(images, w, channels);
  write_zeros(frame, count * out.step[0]);
  T* inner = frame + corner(out, w);
  for_each_row(count, w, channels, [&](int64_t n, int64_t z, int64_t y) {
    std::memcpy(inner + n * out.step[0] + z * out.step[1] + y * out.step[2],
                images + n * in.step[0] + z * in.step[1] + y * in.step[2],
                static_cast<size_t>(in.step[2]) * sizeof(T));
  });
  return out;
}

#define FOLDGATE_INSTANTIATE(T)                                             \
  template void planes_to_pixels(const T*, int64_t, int64_t, int64_t, T*);  \
  template void pixels_to_planes(const T*, int64_t, int64_t, int64_t, T*);  \
  template void weights_to_kernel(const T*, int64_t, int64_t, int64_t, T*); \
  template void kernel_to_weights(const T*, int64_t, int64_t, int64_t, T*); \
  template Images<T> frame_images(const T*, int64_t, int64_t, const Window&, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
