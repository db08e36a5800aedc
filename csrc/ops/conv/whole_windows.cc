#include "ops/conv/whole_windows.h"

#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/partial_sums.h"
#include "ops/conv/swapped.h"
#include "ops/conv/weight_blocks.h"

namespace foldgate {
namespace {

// The windows of a row of outputs overlap in a strip [column of x][depth tap][height tap][c]: that of output q is the
// stretch of the kernel's width from column q * stride on.
int64_t column_size(const ConvPlan& plan) {
  return plan.window.depth().kernel * plan.window.height().kernel * plan.in_channels;
}
int64_t window_size(const ConvPlan& plan) { return plan.window.width().kernel * column_size(plan); }

// How the values of windows are cut into panels, whose tiles are as tall as there are outputs if they can be, and as even as
// whole vectors allow. heights: the tallest tile of one vector, of two, ...
template <class T>
struct WindowPanels {
  WindowPanels(const ConvPlan& plan, const GemmKernels<T>& gemm, const int* heights)
      : vectors(ceil_div(window_size(plan), int64_t{gemm.lanes})) {
    int64_t widest = std::min(vectors, int64_t{gemm.tile_vectors});
    while (widest > 2 && heights[widest - 1] < plan.out_channels) --widest;
    each = ceil_div(vectors, ceil_div(vectors, widest));
  }
  int64_t vectors, each;  // of a window, of a panel
};

// Strips that stay in L1 while all tiles pass over them.
constexpr int64_t kStripBytes = 16 << 10;
// A tile's sums are read and written once a piece.
constexpr int64_t kLeastOutputs = 32;

template <class T>
class WindowGradient {
 public:
  WindowGradient(const ConvPlan& plan, const DirectWeights<T>& o)
      : plan_(plan),
        o_(o),
        gemm_(kernels<T>().gemm),
        conv_(kernels<T>().conv),
        column_(column_size(plan)),
        blocks_(plan, o.batch, 1, 1, sizeof(T)),
        vectors_(WindowPanels<T>(plan, gemm_, heights()).each),
        outputs_(plan.out_channels, heights()[vectors_ - 1]),
        piece_(piece_outputs()),
        strip_size_(column_ * strip_columns(piece_)),
        strips_(std::clamp<int64_t>(kStripBytes / (strip_size_ * sizeof(T)), 1, blocks_.most_rows())) {}

  void run() const {
    const Scratch<T> by_output(plan_.kernel_size());
    const PartialSums<T> sums(blocks_.parts(), plan_.kernel_size(), false, by_output.data());
    const int workers = workers_for(blocks_.parts(), blocks_.work());
    const int64_t pointers = strips_ * (o_.dy_planes ? kRowPointers : 1);
    const int64_t held = strips_ * strip_size_ + round_up(window_size(plan_), gemm_.lanes);
    const Scratch<T> strips(workers * held);
    strips.zero();  // the last panel of the last window reads beyond it
    const Scratch<const T*> a(workers * pointers), b(workers * strips_);
    for (int64_t round = 0; round < blocks_.rounds(); ++round)
      parallel_for(blocks_.parts(), workers, [&](int64_t part, int worker) {
        const int64_t first = blocks_.first_block(part, round);
        const Worker own{strips.data() + worker * held, a.data() + worker * pointers,
                         b.data() + worker * strips_};
        bool accumulate = round > 0;
        for (int64_t index = first; index < blocks_.end_block(part, round); ++index)
          for_each_piece(blocks_.block(index), [&](const WeightBlock& piece) {
            add_piece(piece, own, accumulate, sums.part(part));
            accumulate = true;
          });
      });
    sums.join();
    turn(by_output.data());
  }

 private:
  struct Worker {
    T* strips;
    const T **a, **b;
  };

  const int* heights() const { return o_.dy_planes ? gemm_.tile_heights : gemm_.column_heights; }
  int64_t strip_columns(int64_t outputs) const {
    const WindowAxis& across = plan_.window.width();
    return (outputs - 1) * across.stride + across.kernel;
  }

  // Outputs of a strip at most: a row of a block, or so many of one.
  int64_t piece_outputs() const {
    const int64_t row = ceil_div(blocks_.most_pixels(), blocks_.most_rows());
    const int64_t held = kStripBytes / static_cast<int64_t>(sizeof(T)) / column_;
    const int64_t fit = (held - plan_.window.width().kernel) / plan_.window.width().stride + 1;
    return std::clamp<int64_t>(fit, std::min(row, kLeastOutputs), row);
  }
  // Rows of a block whose strips stay in L1 together, or pieces of one.
  template <class Body>
  void for_each_piece(const WeightBlock& block, Body body) const {
    const EvenSplit rows(block.rows, strips_), outputs(block.count, piece_);
    for (int64_t r = 0; r < rows.parts; ++r)
      for (int64_t q = 0; q < outputs.parts; ++q)
        body({block.row + rows.begin(r), rows.size(r), block.first + outputs.begin(q), outputs.size(q)});
  }

  // Adds the pixels of a piece to `sums` (output, column of the window, depth tap, height tap, c).
  void add_piece(const WeightBlock& piece, const Worker& own, bool accumulate, T* sums) const {
    Tile<T> tile;
    tile.segments = piece.rows;
    tile.length = piece.count;
    tile.a = own.a;
    tile.a_step = plan_.out_channels;
    tile.b = own.b;
    tile.b_step = plan_.window.width().stride * column_;
    T* rows[kRowPointers];
    tile.c = rows;
    for (int64_t r = 0; r < piece.rows; ++r) make_strip(piece.row + r, piece, own.strips + r * strip_size_);
    for (int64_t t = 0; t < outputs_.parts; ++t) {
      const int64_t o = outputs_.begin(t), height = outputs_.size(t), window = window_size(plan_);
      point_outputs(piece, o, height, own.a);
      for (int64_t i = 0; i < height; ++i) rows[i] = sums + (o + i) * window;
      for (int64_t column = 0; column < window; column += vectors_ * gemm_.lanes) {
        const int64_t live = std::min(window - column, vectors_ * gemm_.lanes);
        for (int64_t r = 0; r < piece.rows; ++r) own.b[r] = own.strips + r * strip_size_ + column;
        tile.c_offset = column;
        tile.columns = static_cast<int>(live);
        (o_.dy_planes ? gemm_.rows : gemm_.columns)(static_cast<int>(height),
                                                    static_cast<int>(ceil_div(live, int64_t{gemm_.lanes})),
                                                    tile, {nullptr, accumulate});
      }
    }
  }

  // Where the tile of outputs [o, o + height) reads dy, row by row of the block.
  void point_outputs(const WeightBlock& block, int64_t o, int64_t height, const T** a) const {
    const int64_t width = plan_.window.width().output, plane = plan_.window.output_positions();
    for (int64_t r = 0; r < block.rows; ++r) {
      const int64_t pixel = (block.row + r) * width + block.first;
      if (!o_.dy_planes) {
        a[r] = o_.dy + pixel * plan_.out_channels + o;
        continue;
      }
      const T* first = o_.dy + (pixel / plane * plan_.out_channels + o) * plane + pixel % plane;
      for (int64_t i = 0; i < height; ++i) a[r * kRowPointers + i] = first + i * plane;
    }
  }

  // The strip of a row's outputs [block.first, block.first + block.count).
  void make_strip(int64_t row, const WeightBlock& block, T* strip) const {
    const WindowAxis &depth = plan_.window.depth(), &height = plan_.window.height(),
                     &across = plan_.window.width();
    const int64_t n = row / (depth.output * height.output), u = row / height.output % depth.output;
    const int64_t z = u * depth.stride - depth.before,
                  y = row % height.output * height.stride - height.before;
    const int64_t left = block.first * across.stride - across.before, columns = strip_columns(block.count);
    const int64_t begin = std::clamp<int64_t>(-left, 0, columns),
                  end = std::clamp<int64_t>(across.input - left, begin, columns);
    const bool whole = inside(z, depth) && inside(y, height);
    std::fill_n(strip, (whole ? begin : columns) * column_, T(0));
    std::fill_n(strip + end * column_, whole ? (columns - end) * column_ : 0, T(0));
    T* target = strip + begin * column_;
    for (int64_t i = 0; i < depth.kernel; ++i)
      for (int64_t j = 0; j < height.kernel; ++j, target += plan_.in_channels) {
        const int64_t from_z = z + i * depth.dilation, from_y = y + j * height.dilation;
        if (from_z >= 0 && from_z < depth.input && from_y >= 0 && from_y < height.input)
          copy_row(n, from_z, from_y, left + begin, end - begin, target);
      }
  }
  // Whether no tap of the window at `position` leaves the image along an axis.
  static bool inside(int64_t position, const WindowAxis& axis) {
    return position >= 0 && position + axis.extent() <= axis.input;
  }
  void copy_row(int64_t n, int64_t z, int64_t y, int64_t x, int64_t count, T* target) const {
    const Window& w = plan_.window;
    const int64_t c = plan_.in_channels, plane = w.input_positions();
    const int64_t position = (z * w.height().input + y) * w.width().input + x;
    const T* image = o_.x + n * plane * c;
    if (o_.x_planes)
      gemm_.transpose(image + position, plane, c, count, target, column_);
    else if (column_ == c)
      conv_.copy_stretches(image + position * c, 0, 1, count * c, target, 0);
    else
      conv_.copy_stretches(image + position * c, c, count, c, target, column_);
  }

  // From (output, column, rows, c) to dkernel (rows, column, c, output).
  void turn(const T* by_output) const {
    const int64_t outputs = plan_.out_channels, width = plan_.window.width().kernel, c = plan_.in_channels;
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t k = 0; k < width; ++k)
        for (int64_t i = 0; i < column_; ++i, ++by_output) {
          T& target = o_.dkernel[((i / c * width + k) * c + i % c) * outputs + o];
          target = o_.accumulate ? target + *by_output : *by_output;
        }
  }

  const ConvPlan& plan_;
  const DirectWeights<T>& o_;
  const GemmKernels<T>& gemm_;
  const ConvKernels<T>& conv_;
  int64_t column_;  // column_size
  WeightBlocks blocks_;
  int64_t vectors_;  // of a panel
  EvenSplit outputs_;
  int64_t piece_, strip_size_, strips_;  // outputs of a strip, its values, strips at a time
};

// What a pixel takes, in multiply-adds of a vector: here its windows' copies besides, for each tap of a column and each vector
// of channels, and where the taps of a column are one, in whole rows; there what is laid out anew. A sum goes to its place in
// dkernel once, 5 ns on one thread.
constexpr double kTapCost = 4.5, kRowCost = 2, kLayoutCost = 6, kTurnCost = 20;
// Sums at a time that hide the latency of the multiply-add.
constexpr int64_t kChains = 4;

template <class T>
double cost_here(const ConvPlan& plan) {
  const GemmKernels<T>& gemm = kernels<T>().gemm;
  const WindowPanels<T> panels(plan, gemm, gemm.column_heights);
  const int64_t chains = std::min(plan.out_channels * panels.each, kChains);
  const int64_t rows = column_size(plan) / plan.in_channels;
  const double copied = static_cast<double>(ceil_div(plan.in_channels, int64_t{gemm.lanes}));
  const double positions =
      static_cast<double>(std::max<int64_t>(1, plan.batch * plan.window.output_positions()));
  return static_cast<double>(plan.out_channels * panels.vectors * kChains) / static_cast<double>(chains) +
         copied * (rows == 1 ? kRowCost : kTapCost * static_cast<double>(rows)) +
         kTurnCost * static_cast<double>(plan.kernel_size()) / positions;
}
template <class T>
double cost_by_taps(const ConvPlan& plan) {
  const int64_t lanes = kernels<T>().gemm.lanes, x = plan.in_channels, y = plan.out_channels;
  const int64_t vectors = swaps_operands(plan) ? y * ceil_div(x, lanes) : x * ceil_div(y, lanes);
  return static_cast<double>(plan.taps() * vectors) + kLayoutCost;
}

}  // namespace

template <class T>
bool takes_whole_windows(const ConvPlan& plan) {
  const WindowAxis& across = plan.window.width();
  if (plan.groups > 1 || (across.kernel > 1 && across.dilation > 1)) return false;
  return cost_here<T>(plan) < cost_by_taps<T>(plan);
}

template <class T>
void whole_windows_backward_weights(const ConvPlan& plan, const DirectWeights<T>& operands) {
  WindowGradient<T>(plan, operands).run();
}

#define FOLDGATE_INSTANTIATE(T)                               \
  template bool takes_whole_windows<T>(const ConvPlan& plan); \
  template void whole_windows_backward_weights(const ConvPlan&, const DirectWeights<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
