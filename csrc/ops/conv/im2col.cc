#include "ops/conv/im2col.h"

#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/conv/columns.h"
#include "ops/gemm.h"

namespace foldgate {
namespace {

// One group's columns of a few images at a time, and the matrix products over them. Rows are output pixels.
template <class T>
class ColumnBlocks {
 public:
  ColumnBlocks(const ConvPlan& plan, int64_t batch) : plan_(plan), batch_(batch) {
    const int64_t image = plan.window.output_positions() * depth();
    images_ =
        std::min(batch, std::max<int64_t>(1, kColumnsBytes / (image * static_cast<int64_t>(sizeof(T)))));
    columns_ = Scratch<T>(images_ * image);
  }

  int64_t depth() const { return plan_.taps() * plan_.group_in(); }
  ChannelRange channels(int64_t group) const {
    return {plan_.in_channels, group * plan_.group_in(), plan_.group_in()};
  }
  T* columns() const { return columns_.data(); }

  // body(first image, images, rows, group)
  template <class Body>
  void for_each(Body body) const {
    for (int64_t n = 0; n < batch_; n += images_) {
      const int64_t count = std::min(images_, batch_ - n);
      for (int64_t group = 0; group < plan_.groups; ++group)
        body(n, count, count * plan_.window.output_positions(), group);
    }
  }

 private:
  const ConvPlan& plan_;
  int64_t batch_, images_ = 1;
  Scratch<T> columns_;
};

}  // namespace

template <class T>
void im2col_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias, T* y) {
  const ColumnBlocks<T> blocks(plan, batch);
  const int64_t out = plan.out_channels;
  blocks.for_each([&](int64_t n, int64_t images, int64_t rows, int64_t group) {
    const int64_t first = group * plan.group_out();
    pixels_to_columns(plan.window, images, blocks.channels(group),
                      x + n * plan.window.input_positions() * plan.in_channels, blocks.columns());
    GemmPlan product = GemmPlan::make(rows, plan.group_out(), blocks.depth(), {blocks.depth(), 1}, {out, 1},
                                      plan.activation);
    product.c_step = out;
    gemm(product, blocks.columns(), kernel + first, bias ? bias + first : nullptr,
         y + n * plan.window.output_positions() * out + first);
  });
}

template <class T>
void im2col_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx) {
  const ColumnBlocks<T> blocks(plan, batch);
  const int64_t out = plan.out_channels;
  blocks.for_each([&](int64_t n, int64_t images, int64_t rows, int64_t group) {
    const int64_t first = group * plan.group_out();
    gemm(GemmPlan::make(rows, blocks.depth(), plan.group_out(), {out, 1}, {1, out}),
         dy + n * plan.window.output_positions() * out + first, kernel + first,
         static_cast<const T*>(nullptr), blocks.columns());
    columns_to_pixels(plan.window, images, blocks.channels(group), blocks.columns(),
                      dx + n * plan.window.input_positions() * plan.in_channels);
  });
}

template <class T>
void im2col_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                             T* dkernel) {
  const ColumnBlocks<T> blocks(plan, batch);
  const int64_t out = plan.out_channels;
  const Scratch<T> part(blocks.depth() * plan.group_out());
  blocks.for_each([&](int64_t n, int64_t images, int64_t rows, int64_t group) {
    const int64_t first = group * plan.group_out();
    pixels_to_columns(plan.window, images, blocks.channels(group),
                      x + n * plan.window.input_positions() * plan.in_channels, blocks.columns());
    gemm(GemmPlan::make(blocks.depth(), plan.group_out(), rows, {1, blocks.depth()}, {out, 1}),
         blocks.columns(), dy + n * plan.window.output_positions() * out + first,
         static_cast<const T*>(nullptr), part.data());
    for (int64_t k = 0; k < blocks.depth(); ++k) {
      T* row = dkernel + k * out + first;
      const T* from = part.data() + k * plan.group_out();
      if (n > 0 || accumulate)
        kernels<T>().conv.add(row, from, plan.group_out());
      else
        std::copy_n(from, plan.group_out(), row);
    }
  });
}

template <class T>
void im2col(const ColumnsPlan& plan, const T* x, T* columns) {
  if (plan.batch == 0) return;
  if (plan.channels_first)
    planes_to_columns(plan.window, plan.batch, plan.channels, x, columns);
  else
    pixels_to_columns(plan.window, plan.batch, {plan.channels, 0, plan.channels}, x, columns);
}

template <class T>
void col2im(const ColumnsPlan& plan, const T* columns, T* x) {
  if (plan.batch == 0) return;
  if (plan.channels_first)
    columns_to_planes(plan.window, plan.batch, plan.channels, columns, x);
  else
    columns_to_pixels(plan.window, plan.batch, {plan.channels, 0, plan.channels}, columns, x);
}

#define FOLDGATE_INSTANTIATE(T)                                                                  \
  template void im2col_forward(const ConvPlan&, int64_t, const T*, const T*, const T*, T*);      \
  template void im2col_backward_data(const ConvPlan&, int64_t, const T*, const T*, T*);          \
  template void im2col_backward_weights(const ConvPlan&, int64_t, const T*, const T*, bool, T*); \
  template void im2col(const ColumnsPlan&, const T*, T*);                                        \
  template void col2im(const ColumnsPlan&, const T*, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
