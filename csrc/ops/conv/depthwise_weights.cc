#include "ops/conv/depthwise_weights.h"

namespace foldgate {
namespace {

InnerOutputs inner_of(const WindowAxis& axis) {
  return inner_outputs(axis.output, axis.stride, axis.input, -axis.before, axis.extent() - 1 - axis.before);
}

}  // namespace

template <class T>
DepthwiseWeights<T>::DepthwiseWeights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy)
    : w_(plan.window),
      batch_(batch),
      channels_(plan.out_channels),
      group_(plan.group_in()),
      x_(dense_inputs(x, w_, channels_)),
      dy_(dense_outputs(dy, w_, channels_)),
      kernel_(kernels<T>()),
      across_(inner_of(w_.width())),
      bands_{w_.height().output, inner_of(w_.height()), is_square()} {}

// Whether the kernel is a square of neighbouring taps in a plane that no output leaves.
template <class T>
bool DepthwiseWeights<T>::is_square() const {
  const WindowAxis &depth = w_.depth(), &height = w_.height(), &width = w_.width();
  const auto adjoining = [](const WindowAxis& axis) { return axis.stride == 1 && axis.dilation == 1; };
  return group_ == 1 && height.kernel == width.kernel &&
         (width.kernel == 3 || width.kernel == 5 || width.kernel == 7) && adjoining(height) &&
         adjoining(width) && depth.kernel == 1 && inner_of(depth).begin == 0 &&
         inner_of(depth).end == depth.output;
}

template <class T>
void DepthwiseWeights<T>::unit(int64_t index, T* dkernel, T* dbias, const DepthwiseSums<T>& lists) const {
  const int64_t part = index % bands_.units(), plane = index / bands_.units();
  const Row first{plane / w_.depth().output, plane % w_.depth().output, 0};
  bands_.for_each(
      part,
      [&](int64_t y) {
        const Row at{first.n, first.z, y};
        if (dkernel) add_band(at, dkernel, lists);
        if (dbias) add_bias(at, kDepthwiseRows, dbias);
      },
      [&](int64_t y) {
        const Row at{first.n, first.z, y};
        if (dkernel) add_row(at, dkernel, lists);
        if (dbias) add_bias(at, 1, dbias);
      });
}

template <class T>
void DepthwiseWeights<T>::add_bias(const Row& at, int64_t rows, T* dbias) const {
  kernel_.conv.column_sums(gradient(at), rows * w_.width().output, channels_, channels_, true, dbias);
}

template <class T>
void DepthwiseWeights<T>::add_row(const Row& at, T* dkernel, const DepthwiseSums<T>& lists) const {
  DepthwiseGradient<T> g{};
  g.channels = channels_;
  g.x_step = w_.width().stride * channels_;
  g.dy_step = channels_;
  g.offsets = lists.offsets;
  g.sums = lists.sums;
  g.group = static_cast<int>(group_);
  g.group_step = channels_;
  auto outputs = [&](int64_t begin, int64_t end, bool edge) {
    if (begin >= end) return;
    g.taps = select(at, begin, edge, dkernel, lists);
    g.outputs = end - begin;
    g.x = input(at) + begin * g.x_step;
    g.dy = gradient(at) + begin * channels_;
    kernel_.depthwise.gradient(g);
  };
  for (int64_t v = 0; v < across_.begin; ++v) outputs(v, v + 1, true);
  outputs(across_.begin, across_.end, false);
  for (int64_t v = across_.end; v < w_.width().output; ++v) outputs(v, v + 1, true);
}

// The columns at the edge are rows of their own, from top to bottom.
template <class T>
void DepthwiseWeights<T>::add_band(const Row& at, T* dkernel, const DepthwiseSums<T>& lists) const {
  DepthwiseGradient<T> column{};
  column.channels = channels_;
  column.outputs = kDepthwiseRows;
  column.x_step = x_.step[2];
  column.dy_step = dy_.step[2];
  column.offsets = lists.offsets;
  column.sums = lists.sums;
  auto edge = [&](int64_t v) {
    column.taps = select(at, v, true, dkernel, lists);
    column.x = input(at) + v * channels_;
    column.dy = gradient(at) + v * channels_;
    kernel_.depthwise.gradient(column);
  };
  for (int64_t v = 0; v < across_.begin; ++v) edge(v);
  if (across_.begin < across_.end) {
    select(at, across_.begin, false, dkernel, lists);
    kernel_.depthwise.band_gradient({input(at) + across_.begin * channels_ + lists.offsets[0], x_.step[2],
                                     gradient(at) + across_.begin * channels_, dy_.step[2],
                                     across_.end - across_.begin, channels_, lists.sums,
                                     static_cast<int>(w_.width().kernel), fetches_rows(x_, batch_)});
  }
  for (int64_t v = across_.end; v < w_.width().output; ++v) edge(v);
}

// The taps whose input exists for the output at a column of a row, their columns checked on the edge alone.
template <class T>
int64_t DepthwiseWeights<T>::select(const Row& at, int64_t column, bool edge, T* dkernel,
                                    const DepthwiseSums<T>& lists) const {
  int64_t count = 0, tap = 0;
  for (int64_t i = 0; i < w_.depth().kernel; ++i)
    for (int64_t j = 0; j < w_.height().kernel; ++j)
      for (int64_t k = 0; k < w_.width().kernel; ++k, ++tap) {
        const int64_t z = at.z * w_.depth().stride + i * w_.depth().dilation - w_.depth().before;
        const int64_t y = at.y * w_.height().stride + j * w_.height().dilation - w_.height().before;
        const int64_t shift = k * w_.width().dilation - w_.width().before;
        const int64_t x = column * w_.width().stride + shift;
        if (z < 0 || z >= x_.extent[0] || y < 0 || y >= x_.extent[1]) continue;
        if (edge && (x < 0 || x >= x_.extent[2])) continue;
        lists.offsets[count] = z * x_.step[1] + y * x_.step[2] + shift * x_.step[3];
        lists.sums[count++] = dkernel + tap * group_ * channels_;
      }
  return count;
}

template class DepthwiseWeights<float>;
template class DepthwiseWeights<double>;

}  // namespace foldgate
