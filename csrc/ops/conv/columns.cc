#include "ops/conv/columns.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/images.h"

namespace foldgate {
namespace {

// Outputs [begin, end) along an axis whose tap j lies inside the image.
struct Span {
  int64_t begin, end;
};
Span span_of(const WindowAxis& axis, int64_t tap) {
  const int64_t shift = tap * axis.dilation - axis.before;
  const int64_t begin = shift < 0 ? ceil_div(-shift, axis.stride) : 0;
  const int64_t room = axis.input - 1 - shift;
  const int64_t end = room < 0 ? 0 : std::min(axis.output, room / axis.stride + 1);
  return {std::min(begin, axis.output), std::max(std::min(begin, axis.output), end)};
}

// The output that tap j of an axis relates to input position q: -1 where there is none.
int64_t output_of(const WindowAxis& axis, int64_t tap, int64_t q) {
  const int64_t distance = q + axis.before - tap * axis.dilation;
  if (distance < 0 || distance % axis.stride != 0) return -1;
  return distance / axis.stride < axis.output ? distance / axis.stride : -1;
}

template <class Body>
void for_each_task(int64_t tasks, double work, Body body) {
  parallel_for(tasks, workers_for(tasks, work), [&](int64_t task, int) { body(task); });
}

// Short copies are most of this file: a call each would cost more than the copy.
template <class T>
void copy_short(const T* from, int64_t n, T* to) {
  if (n >= 32)
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
  else
    for (int64_t i = 0; i < n; ++i) to[i] = from[i];
}
template <class T>
void zero_short(T* to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = T(0);
}

// A row of outputs, and for each `step` apart the `taps` neighbours along the width that its columns begin with: all of
// a kernel row, or one tap at `shift`.
struct KernelRow {
  int64_t taps, shift, channels, step;
};

// target[p][t] = image row [p * stride + shift + t], zeros outside. `row` null: all outside.
template <class T>
void copy_kernel_row(const WindowAxis& width, const KernelRow& k, const T* row, int64_t pixel_step,
                     T* target) {
  const int64_t n = k.taps * k.channels;
  // outputs whose taps all lie inside
  const int64_t room = width.input - k.taps - k.shift;
  const int64_t begin = k.shift < 0 ? std::min(width.output, ceil_div(-k.shift, width.stride)) : 0;
  const int64_t end = row && room >= 0 ? std::min(width.output, room / width.stride + 1) : 0;
  if (begin < end)
    kernels<T>().conv.copy_stretches(row + (begin * width.stride + k.shift) * pixel_step,
                                     width.stride * pixel_step, end - begin, n, target + begin * k.step,
                                     k.step);
  for (int64_t p = 0; p < width.output; ++p) {
    if (p == begin && begin < end) p = end;
    if (p == width.output) break;
    const int64_t q = p * width.stride + k.shift;
    const int64_t low = std::min(k.taps, std::max<int64_t>(0, -q)),
                  high = row ? std::max(low, std::min(k.taps, width.input - q)) : low;
    T* to = target + p * k.step;
    zero_short(to, low * k.channels);
    if (high > low)
      copy_short(row + (q + low) * pixel_step, (high - low) * k.channels, to + low * k.channels);
    zero_short(to + high * k.channels, n - high * k.channels);
  }
}

// Few channels: a tap of all outputs at a time, since sums of neighbouring outputs would wait for each other.
constexpr int64_t kFewChannels = 8;
template <class T>
void add_tap(const WindowAxis& width, int64_t tap, int64_t channels, const T* from, int64_t step, T* target) {
  const Span span = span_of(width, tap);
  T* to = target + (tap * width.dilation - width.before) * channels;
  if (channels == 1)
    for (int64_t p = span.begin; p < span.end; ++p) to[p * width.stride] += from[p * step];
  else
    for (int64_t p = span.begin; p < span.end; ++p)
      for (int64_t c = 0; c < channels; ++c) to[p * width.stride * channels + c] += from[p * step + c];
}

// A kernel row of every output of an image row: neighbouring taps are neighbours in the image.
template <class T>
void add_kernel_rows(const WindowAxis& width, int64_t channels, const T* from, int64_t step, T* target) {
  if (channels < kFewChannels) {
    for (int64_t t = 0; t < width.kernel; ++t) add_tap(width, t, channels, from + t * channels, step, target);
    return;
  }
  const auto add = kernels<T>().conv.add;
  for (int64_t p = 0; p < width.output; ++p, from += step) {
    const int64_t q = p * width.stride - width.before;
    const int64_t begin = std::max<int64_t>(0, -q), end = std::min(width.kernel, width.input - q);
    if (begin < end) add(target + (q + begin) * channels, from + begin * channels, (end - begin) * channels);
  }
}

}  // namespace

template <class T>
void pixels_to_columns(const Window& w, int64_t batch, ChannelRange channels, const T* x, T* columns) {
  const Images<const T> in = dense_inputs(x, w, channels.all);
  const WindowAxis &depth = w.depth(), &height = w.height(), &width = w.width();
  const int64_t rows = batch * depth.output * height.output, k = w.taps() * channels.count;
  const bool joined = width.dilation == 1 && channels.count == channels.all;
  const double work = kValueWork * static_cast<double>(rows * width.output) * static_cast<double>(k);
  for_each_task(rows, work, [&](int64_t row) {
    const int64_t v = row % height.output, u = row / height.output % depth.output;
    const T* image = in.data + row / (height.output * depth.output) * in.step[0] + channels.first;
    T* target = columns + row * width.output * k;
    for (int64_t i = 0; i < depth.kernel; ++i)
      for (int64_t j = 0; j < height.kernel; ++j) {
        const int64_t z = u * depth.stride + i * depth.dilation - depth.before;
        const int64_t y = v * height.stride + j * height.dilation - height.before;
        const bool outside = z < 0 || z >= depth.input || y < 0 || y >= height.input;
        const T* from = outside ? nullptr : image + z * in.step[1] + y * in.step[2];
        const int64_t taps = joined ? width.kernel : 1;
        for (int64_t t = 0; t < width.kernel; t += taps, target += taps * channels.count)
          copy_kernel_row(width, {taps, t * width.dilation - width.before, channels.count, k}, from,
                          in.step[3], target);
      }
  });
}

template <class T>
void columns_to_pixels(const Window& w, int64_t batch, ChannelRange channels, const T* columns, T* x) {
  const Images<T> out = dense_inputs(x, w, channels.all);
  const WindowAxis &depth = w.depth(), &height = w.height(), &width = w.width();
  const int64_t rows = batch * depth.input * height.input, k = w.taps() * channels.count;
  const double work = kValueWork * static_cast<double>(batch * w.output_positions()) * static_cast<double>(k);
  const auto add = kernels<T>().conv.add;
  for_each_task(rows, work, [&](int64_t row) {
    const int64_t y = row % height.input, z = row / height.input % depth.input;
    const int64_t n = row / (height.input * depth.input);
    T* target = out.data + n * out.step[0] + z * out.step[1] + y * out.step[2] + channels.first;
    for (int64_t q = 0; q < width.input; ++q) zero_short(target + q * out.step[3], channels.count);
    for (int64_t i = 0; i < depth.kernel; ++i)
      for (int64_t j = 0; j < height.kernel; ++j) {
        const int64_t u = output_of(depth, i, z), v = output_of(height, j, y);
        if (u < 0 || v < 0) continue;
        const T* from = columns + ((n * depth.output + u) * height.output + v) * width.output * k;
        if (width.dilation == 1 && channels.count == channels.all) {
          add_kernel_rows(width, channels.all, from + (i * height.kernel + j) * width.kernel * channels.all,
                          k, target);
          continue;
        }
        for (int64_t t = 0; t < width.kernel; ++t) {
          const Span span = span_of(width, t);
          const T* tap = from + ((i * height.kernel + j) * width.kernel + t) * channels.count;
          for (int64_t p = span.begin; p < span.end; ++p)
            add(target + (p * width.stride + t * width.dilation - width.before) * out.step[3], tap + p * k,
                channels.count);
        }
      }
  });
}

template <class T>
void planes_to_columns(const Window& w, int64_t batch, int64_t channels, const T* x, T* columns) {
  const WindowAxis &depth = w.depth(), &height = w.height(), &width = w.width();
  const int64_t tasks = batch * w.taps() * channels, plane = w.output_positions();
  const auto copy_stretches = kernels<T>().conv.copy_stretches;
  for_each_task(tasks, static_cast<double>(tasks) * static_cast<double>(plane) / 4, [&](int64_t task) {
    const int64_t c = task % channels, tap = task / channels % w.taps(), n = task / channels / w.taps();
    const int64_t t = tap % width.kernel, j = tap / width.kernel % height.kernel,
                  i = tap / width.kernel / height.kernel;
    const T* image = x + (n * channels + c) * w.input_positions();
    T* target = columns + task * plane;
    const Span deep = span_of(depth, i), high = span_of(height, j), wide = span_of(width, t);
    const int64_t inside = (deep.end - deep.begin) * (high.end - high.begin) * (wide.end - wide.begin);
    if (inside < plane) std::fill_n(target, plane, T(0));
    if (inside == 0) return;
    const int64_t y = high.begin * height.stride + j * height.dilation - height.before;
    const int64_t q = wide.begin * width.stride + t * width.dilation - width.before;
    for (int64_t u = deep.begin; u < deep.end; ++u) {
      const int64_t z = u * depth.stride + i * depth.dilation - depth.before;
      const T* from = image + (z * height.input + y) * width.input + q;
      T* to = target + (u * height.output + high.begin) * width.output + wide.begin;
      if (width.stride == 1)
        copy_stretches(from, height.stride * width.input, high.end - high.begin, wide.end - wide.begin, to,
                       width.output);
      else
        for (int64_t v = high.begin; v < high.end;
             ++v, from += height.stride * width.input, to += width.output)
          for (int64_t p = 0; p < wide.end - wide.begin; ++p) to[p] = from[p * width.stride];
    }
  });
}

template <class T>
void columns_to_planes(const Window& w, int64_t batch, int64_t channels, const T* columns, T* x) {
  const WindowAxis &depth = w.depth(), &height = w.height(), &width = w.width();
  const int64_t tasks = batch * channels * depth.input, plane = w.output_positions();
  const double work =
      static_cast<double>(batch * channels) * static_cast<double>(w.taps()) * static_cast<double>(plane);
  const auto add = kernels<T>().conv.add;
  for_each_task(tasks, kValueWork * work, [&](int64_t task) {
    const int64_t z = task % depth.input, c = task / depth.input % channels,
                  n = task / depth.input / channels;
    T* target = x + task * height.input * width.input;
    for (int64_t y = 0; y < height.input; ++y, target += width.input) {
      zero_short(target, width.input);
      for (int64_t i = 0; i < depth.kernel; ++i)
        for (int64_t j = 0; j < height.kernel; ++j) {
          const int64_t u = output_of(depth, i, z), v = output_of(height, j, y);
          if (u < 0 || v < 0) continue;
          for (int64_t t = 0; t < width.kernel; ++t) {
            const int64_t tap = (i * height.kernel + j) * width.kernel + t;
            const T* from = columns + ((n * w.taps() + tap) * channels + c) * plane +
                            (u * height.output + v) * width.output;
            T* to = target + t * width.dilation - width.before;
            const Span span = span_of(width, t);
            if (width.stride == 1)
              add(to + span.begin, from + span.begin, span.end - span.begin);
            else
              for (int64_t p = span.begin; p < span.end; ++p) to[p * width.stride] += from[p];
          }
        }
    }
  });
}

#define FOLDGATE_INSTANTIATE(T)                                                        \
  template void pixels_to_columns(const Window&, int64_t, ChannelRange, const T*, T*); \
  template void columns_to_pixels(const Window&, int64_t, ChannelRange, const T*, T*); \
  template void planes_to_columns(const Window&, int64_t, int64_t, const T*, T*);      \
  template void columns_to_planes(const Window&, int64_t, int64_t, const T*, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
