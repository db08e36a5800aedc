#include <algorithm>
#include <vector>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/direct.h"
#include "ops/conv/images.h"

namespace foldgate {
namespace {

// Products and packed dy of a block of outputs: in L2 beside the kernel.
constexpr int64_t kBlockBytes = 256 << 10;
// Tasks of one image: outputs at the seam of two are multiplied by both.
constexpr int64_t kTasks = 4;
constexpr int64_t kLeastRows = 8;

// dx(q)[c] = sum over taps j and outputs p that reach q of  sum over o of  kernel_j[c][o] dy(p)[o]
//
// Few channels leave a product with the pixels as rows hardly a vector of columns. Here the rows are the (tap, channel)
// of the kernel, in place, and the columns a block of outputs, whose dy is packed transposed; the products of a tap then
// lie along the outputs and are added to dx by whole vectors. dx is held as planes a stride phase each:
// [c][row][x % stride][x / stride], so that a tap's sums are contiguous at any stride.
template <class T>
class FewBackwardData {
 public:
  FewBackwardData(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, bool planes, T* dx)
      : plan_(plan),
        window_(plan.window),
        kernel_(kernels<T>()),
        dy_(dense_outputs(dy, plan.window, plan.out_channels)),
        dx_(dense_inputs(dx, plan.window, plan.in_channels)),
        weights_(kernel),
        planes_(planes),
        batch_(batch),
        shape_(panel_shape(kernel_.gemm, int64_t{kernel_.gemm.tile_vectors} * kernel_.gemm.lanes)),
        terms_(window_.height().kernel * window_.width().kernel * plan.in_channels),
        phase_(ceil_div(window_.width().input, window_.width().stride)) {
    for (int64_t k = 0; k < window_.width().kernel; ++k) taps_.push_back(width_tap(window_.width(), k));
    const int64_t width = window_.width().output;
    const int64_t pixels = kBlockBytes / ((terms_ + plan.out_channels) * static_cast<int64_t>(sizeof(T)));
    piece_ = std::min(width, round_up(std::max<int64_t>(1, pixels), shape_.width));
    rows_ = piece_ < width ? 1 : std::max<int64_t>(1, pixels / width);
    const int64_t most = std::max<int64_t>(1, window_.height().input / kLeastRows);
    stripes_ = std::min(most, ceil_div(kTasks, batch * window_.depth().input));
  }

  void run() {
    const int64_t planes = batch_ * window_.depth().input, tasks = planes * stripes_;
    const double work =
        static_cast<double>(batch_ * window_.output_positions()) * static_cast<double>(plan_.kernel_size());
    const int workers = workers_for(tasks, work);
    const int64_t pixels = round_up(std::min(rows_ * piece_, most_outputs()), kernel_.gemm.lanes);
    const int64_t held = plan_.in_channels * ceil_div(window_.height().input, stripes_) * row_size();
    const Scratch<T> panels(workers * pixels * plan_.out_channels), products(workers * pixels * terms_),
        sums(workers * held);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      Stripe stripe{};
      const int64_t part = task % stripes_, height = window_.height().input;
      stripe.plane = task / stripes_;
      stripe.first = height * part / stripes_;
      stripe.end = height * (part + 1) / stripes_;
      stripe.panels = panels.data() + worker * (panels.size() / workers);
      stripe.products = products.data() + worker * (products.size() / workers);
      stripe.sums = sums.data() + worker * held;
      one_stripe(stripe, held);
    });
  }

 private:
  // Rows [first, end) of a plane (image, depth) of dx, and the worker's scratch.
  struct Stripe {
    int64_t plane, first, end;
    T *panels, *products, *sums;
    int64_t rows() const { return end - first; }
  };
  // Outputs [first, first + count) of each of the rows [row, row + rows) of a plane.
  struct Block {
    int64_t row, rows, first, count;
    int64_t pixels() const { return rows * count; }
  };

  // Outputs [begin, end) whose tap reads inside of the image; output p adds to sum `offset + p` of a row.
  struct WidthTap {
    int64_t begin, end, offset;
  };
  WidthTap width_tap(const WindowAxis& axis, int64_t k) const {
    const int64_t shift = k * axis.dilation - axis.before, room = axis.input - 1 - shift;
    const int64_t begin = shift < 0 ? ceil_div(-shift, axis.stride) : 0;
    const int64_t x = begin * axis.stride + shift;  // at least 0
    return {begin, room < 0 ? 0 : std::min(axis.output, room / axis.stride + 1),
            x % axis.stride * phase_ + x / axis.stride - begin};
  }

  int64_t most_outputs() const { return window_.height().output * window_.width().output; }
  int64_t row_size() const { return window_.width().stride * phase_; }
  T* sums_row(const Stripe& stripe, int64_t channel, int64_t y) const {
    return stripe.sums + (channel * stripe.rows() + y - stripe.first) * row_size();
  }

  void one_stripe(const Stripe& stripe, int64_t held) const {
    const WindowAxis &depth = window_.depth(), &height = window_.height(), &width = window_.width();
    std::fill_n(stripe.sums, held, T(0));
    const int64_t n = stripe.plane / depth.input, z = stripe.plane % depth.input;
    // outputs v with v * stride - before <= last row, and whose last tap reaches the first
    const int64_t reach = stripe.first + height.before - (height.extent() - 1);
    const int64_t begin = reach > 0 ? ceil_div(reach, height.stride) : 0;
    const int64_t end = std::min(height.output, (stripe.end - 1 + height.before) / height.stride + 1);
    for (int64_t i = 0; i < depth.kernel; ++i) {
      const int64_t distance = z + depth.before - i * depth.dilation;
      if (distance < 0 || distance % depth.stride != 0 || distance / depth.stride >= depth.output) continue;
      for (int64_t row = begin; row < end; row += rows_)
        for (int64_t first = 0; first < width.output; first += piece_) {
          const Block block{row, std::min(rows_, end - row), first, std::min(piece_, width.output - first)};
          multiply(block, stripe, outputs(n, distance / depth.stride, block),
                   weights_ + i * terms_ * plan_.out_channels);
          add(block, stripe);
        }
    }
    planes_ ? write_planes(stripe, n, z) : write(stripe, dx_.data + n * dx_.step[0] + z * dx_.step[1]);
  }

  int64_t output_step() const { return planes_ ? window_.output_positions() : 1; }  // from channel to channel
  // The first channel of a block's first output.
  const T* outputs(int64_t n, int64_t z, const Block& block) const {
    if (!planes_)
      return dy_.data + n * dy_.step[0] + z * dy_.step[1] + block.row * dy_.step[2] +
             block.first * dy_.step[3];
    return dy_.data + n * plan_.out_channels * output_step() +
           (z * window_.height().output + block.row) * window_.width().output + block.first;
  }

  // products[(tap, c)][pixel] = sum over o of  weights[(tap, c)][o] dy[pixel][o]
  void multiply(const Block& block, const Stripe& stripe, const T* dy, const T* weights) const {
    const GemmKernels<T>& gemm = kernel_.gemm;
    const int64_t pixels = block.pixels(), step = round_up(pixels, gemm.lanes), out = plan_.out_channels;
    gemm.pack_panels(dy, output_step(), planes_ ? 1 : out, out, pixels, shape_.width, stripe.panels);
    const EvenSplit tiles(terms_, shape_.rows);
    const T* a[kRowPointers];
    T* c[kRowPointers];
    for (int64_t p = 0; p < pixels; p += shape_.width) {
      const T* b = stripe.panels + p * out;
      Tile<T> tile;
      tile.length = out;
      tile.a = a;
      tile.b = &b;
      tile.b_step = panel_width(gemm, shape_, pixels - p);
      tile.c = c;
      tile.c_offset = p;
      tile.columns = static_cast<int>(tile.b_step);
      for (int64_t t = 0, term = 0; t < tiles.parts; ++t) {
        const int64_t size = tiles.size(t);
        for (int64_t i = 0; i < size; ++i, ++term) {
          a[i] = weights + term * out;
          c[i] = stripe.products + term * step;
        }
        gemm.rows(static_cast<int>(size), static_cast<int>(tile.b_step / gemm.lanes), tile, {});
      }
    }
  }

  // Every product to the input position that its tap reads.
  void add(const Block& block, const Stripe& stripe) const {
    const WindowAxis &height = window_.height(), &width = window_.width();
    const int64_t step = round_up(block.pixels(), kernel_.gemm.lanes);
    for (int64_t r = 0; r < block.rows; ++r)
      for (int64_t j = 0; j < height.kernel; ++j) {
        const int64_t y = (block.row + r) * height.stride + j * height.dilation - height.before;
        if (y < stripe.first || y >= stripe.end) continue;
        const T* products = stripe.products + j * width.kernel * plan_.in_channels * step + r * block.count;
        for (const WidthTap& tap : taps_) {
          const int64_t low = std::max(block.first, tap.begin);
          const int64_t count = std::min(block.first + block.count, tap.end) - low;
          for (int64_t c = 0; c < plan_.in_channels; ++c, products += step)
            if (count > 0)
              kernel_.conv.add(sums_row(stripe, c, y) + tap.offset + low, products + low - block.first,
                               count);
        }
      }
  }

  // The stripe's sums as pixels.
  void write(const Stripe& stripe, T* plane) const {
    const int64_t stride = window_.width().stride, width = window_.width().input,
                  channels = plan_.in_channels;
    for (int64_t y = stripe.first; y < stripe.end; ++y)
      for (int64_t c = 0; c < channels; ++c) {
        const T* sums = sums_row(stripe, c, y);
        T* row = plane + y * dx_.step[2] + c;
        if (stride == 1 && channels == 1) {
          std::copy_n(sums, width, row);
          continue;
        }
        for (int64_t r = 0; r < std::min(stride, width); ++r)
          for (int64_t x = r, q = r * phase_; x < width; x += stride, ++q) row[x * channels] = sums[q];
      }
  }

  void write_planes(const Stripe& stripe, int64_t n, int64_t z) const {
    const int64_t stride = window_.width().stride, width = window_.width().input;
    for (int64_t c = 0; c < plan_.in_channels; ++c) {
      const int64_t plane = (n * plan_.in_channels + c) * window_.depth().input + z;
      for (int64_t y = stripe.first; y < stripe.end; ++y) {
        T* row = dx_.data + (plane * window_.height().input + y) * width;
        if (stride == 1)
          std::copy_n(sums_row(stripe, c, y), width, row);
        else
          kernel_.depthwise_lines.interleave(sums_row(stripe, c, y), phase_, stride, width, row);
      }
    }
  }

  const ConvPlan& plan_;
  const Window& window_;
  const Kernels<T>& kernel_;
  Images<const T> dy_;
  Images<T> dx_;
  const T* weights_;
  bool planes_;  // dy_ and dx_ are (N, C, *spatial), their steps unused
  int64_t batch_;
  PanelShape shape_;
  int64_t terms_;  // (tap, channel) pairs of one depth tap
  int64_t phase_;  // positions of a row a stride phase
  std::vector<WidthTap> taps_;
  int64_t piece_ = 1, rows_ = 1, stripes_ = 1;
};

}  // namespace

template <class T>
void few_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, bool planes,
                       T* dx) {
  FewBackwardData<T>(plan, batch, dy, kernel, planes, dx).run();
}

template void few_backward_data(const ConvPlan&, int64_t, const float*, const float*, bool, float*);
template void few_backward_data(const ConvPlan&, int64_t, const double*, const double*, bool, double*);

}  // namespace foldgate
