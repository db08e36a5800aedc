#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/direct.h"
#include "ops/conv/groups.h"
#include "ops/conv/layout.h"
#include "ops/conv/partial_sums.h"

namespace foldgate {
namespace {

// dy of a block, packed or in place, and the rows of x that it meets: both in L2 while all taps and tiles pass.
constexpr int64_t kBlockBytes = 320 << 10;
// Enough tasks for a few threads; the most multiply-adds of one: ~10 ms, so that an interrupt is answered.
constexpr int64_t kTasks = 8;
constexpr double kTaskWork = 5e8;
// A part of the sum is worth its copy of dkernel from so many pixels on.
constexpr int64_t kPartPixels = 1024;

// dkernel[tap][c][o] = sum over pixels p of  x[p * stride + tap][c] * dy[p][o]:
// tiles of (c, o) whose inner dimension runs along output rows, x strided and dy contiguous in o.
template <class T>
class WeightGradient {
 public:
  WeightGradient(const ConvPlan& plan, int64_t batch, const Images<const T>& x, bool framed, const T* dy)
      : plan_(plan),
        gemm_(kernels<T>().gemm),
        x_(x),
        dy_(dense_outputs(dy, plan.window, plan.out_channels)),
        few_(few_channels(plan)),
        framed_(framed),
        rows_(batch * dy_.extent[0] * dy_.extent[1]),
        terms_(few_ ? plan.window.width().kernel * plan.in_channels : plan.group_in()),
        shape_(panel_shape(gemm_, plan.group_out())),
        tiles_(terms_, shape_.rows) {}

  void run(bool accumulate, T* dkernel) {
    cut();
    const double work = static_cast<double>(pieces()) * static_cast<double>(piece_) *
                        static_cast<double>(plan_.kernel_size());
    const PartialSums<T> sums(parts_, plan_.kernel_size(), accumulate, dkernel);
    const int64_t tasks = parts_ * shares_,
                  rounds = std::min(pieces() / parts_, 1 + static_cast<int64_t>(work / (kTaskWork * tasks)));
    const int workers = workers_for(tasks, work);
    const Scratch<T> packed(workers * block_pixels() * padded_columns(gemm_, plan_.group_out()));
    const Scratch<const T*> rows(workers * 3 * block_);
    const Scratch<int64_t> pixels(workers * block_);
    for (int64_t round = 0; round < rounds; ++round)
      parallel_for(tasks, workers, [&](int64_t task, int worker) {
        const int64_t part = task / shares_, share = task % shares_;
        const int64_t slot = part * rounds + round, slots = parts_ * rounds;
        Share s{};
        s.first = units() * share / shares_;
        s.end = units() * (share + 1) / shares_;
        s.sums = sums.part(part);
        s.accumulate = round > 0 || sums.accumulates(part);
        s.packed = packed.data() + worker * (packed.size() / workers);
        const T** mine = rows.data() + worker * 3 * block_;
        s.pointers = {mine, pixels.data() + worker * block_, mine + block_, mine + 2 * block_};
        pass(pieces() * slot / slots, pieces() * (slot + 1) / slots, s);
      });
    sums.join();
  }

 private:
  // An entry a row of a block: x and the pixel where the row begins, then a and b of a tile.
  struct Pointers {
    const T** x;
    int64_t* pixel;
    const T **a, **b;
  };
  // A task's share: units [first, end) of (group, tile of c), and where their sums go.
  struct Share {
    int64_t first, end;
    T* sums;
    bool accumulate;
    T* packed;  // dy of a block
    Pointers pointers;
  };
  // Output pixels [first, first + count) of each of the rows [row, row + rows).
  struct Block {
    int64_t row, rows, first, count;
  };

  int64_t width() const { return dy_.extent[2]; }
  int64_t pieces_a_row() const { return ceil_div(width(), piece_); }
  int64_t pieces() const { return rows_ * pieces_a_row(); }
  int64_t units() const { return plan_.groups * tiles_.parts; }
  int64_t block_pixels() const { return block_ * piece_; }

  // By shape alone. A long row is cut into pieces, each a block of its own.
  void cut() {
    const int64_t pixel_bytes = (plan_.in_channels * plan_.window.width().stride + plan_.out_channels) *
                                static_cast<int64_t>(sizeof(T));
    const int64_t pixels = std::max<int64_t>(1, kBlockBytes / pixel_bytes);
    piece_ = ceil_div(width(), ceil_div(width(), pixels));
    block_ = pieces_a_row() > 1 ? 1 : std::min(rows_, std::max<int64_t>(1, pixels / width()));
    parts_ = std::min(pieces(), weight_parts(plan_.kernel_size() * static_cast<int64_t>(sizeof(T)),
                                             rows_ * width() / kPartPixels));
    shares_ = std::min(units(), ceil_div(kTasks, parts_));
  }

  void pass(int64_t begin, int64_t end, const Share& share) {
    bool first = true;
    for (int64_t piece = begin; piece < end;) {
      Block block{};
      block.row = piece / pieces_a_row();
      block.first = piece % pieces_a_row() * piece_;
      block.count = std::min(piece_, width() - block.first);
      block.rows = std::min(block_, end - piece);
      piece += block.rows;
      for (int64_t unit = share.first; unit < share.end;) {
        const int64_t group = unit / tiles_.parts, stop = std::min(share.end, (group + 1) * tiles_.parts);
        add_group(block, share, group, unit % tiles_.parts, stop - group * tiles_.parts,
                  !first || share.accumulate);
        unit = stop;
      }
      first = false;
    }
  }

  // All taps of c tiles [first_tile, end_tile) of a group.
  void add_group(const Block& block, const Share& share, int64_t group, int64_t first_tile, int64_t end_tile,
                 bool accumulate) {
    const T* dy =
        dy_.data + (block.row * width() + block.first) * plan_.out_channels + group * plan_.group_out();
    if (block.rows > 0)
      gemm_.pack_panels(dy, plan_.out_channels, 1, block.rows * block.count, plan_.group_out(), shape_.width,
                        share.packed);
    const Window& w = plan_.window;
    int64_t tap = 0;
    for (int64_t i = 0; i < w.depth().kernel; ++i)
      for (int64_t j = 0; j < w.height().kernel; ++j)
        for (int64_t k = 0; k < (few_ ? 1 : w.width().kernel); ++k, ++tap) {
          const Segments segments = find_segments(block, i, j, k, share.pointers);
          if (segments.count == 0 && accumulate) continue;
          for (int64_t o = 0; o < plan_.group_out(); o += shape_.width)
            for (int64_t t = first_tile; t < end_tile; ++t)
              one_tile(block, segments, share, {tap, group, o, t, accumulate}, share.packed);
        }
  }

  // The block's rows whose input row for a tap exists, and the outputs whose input column does.
  struct Segments {
    int64_t count, first, length;  // rows; first output column from the block's first, outputs
  };
  Segments find_segments(const Block& block, int64_t i, int64_t j, int64_t k,
                         const Pointers& pointers) const {
    const WindowAxis &depth = plan_.window.depth(), &height = plan_.window.height(),
                     &across = plan_.window.width();
    const int64_t shift = few_ ? (framed_ ? 0 : -across.before) : k * across.dilation - across.before;
    const int64_t low = std::max(block.first, shift < 0 ? ceil_div(-shift, across.stride) : 0);
    const int64_t reach = few_                   ? width()
                          : shift < x_.extent[2] ? (x_.extent[2] - 1 - shift) / across.stride + 1
                                                 : 0;
    Segments segments{0, low - block.first, std::min(block.first + block.count, reach) - low};
    for (int64_t r = 0; r < block.rows && segments.length > 0; ++r) {
      const int64_t row = block.row + r, v = row % dy_.extent[1], u = row / dy_.extent[1] % dy_.extent[0];
      const int64_t z = u * depth.stride + i * depth.dilation - (framed_ ? 0 : depth.before);
      const int64_t y = v * height.stride + j * height.dilation - (framed_ ? 0 : height.before);
      if (z < 0 || z >= x_.extent[0] || y < 0 || y >= x_.extent[1]) continue;
      pointers.x[segments.count] = x_.data + row / (dy_.extent[0] * dy_.extent[1]) * x_.step[0] +
                                   z * x_.step[1] + y * x_.step[2] +
                                   (low * across.stride + shift) * x_.step[3];
      pointers.pixel[segments.count++] = r * block.count + segments.first;
    }
    return segments;
  }

  struct Target {
    int64_t tap, group, column, tile;
    bool accumulate;
  };
  void one_tile(const Block& block, const Segments& segments, const Share& share, const Target& target,
                const T* dy) const {
    const int64_t c = tiles_.begin(target.tile), height = tiles_.size(target.tile);
    const int64_t left = plan_.group_out() - target.column, panel = panel_width(gemm_, shape_, left);
    Tile<T> tile;
    tile.segments = segments.count;
    tile.length = segments.length;
    tile.a = share.pointers.a;
    tile.a_step = plan_.window.width().stride * x_.step[3];
    tile.b = share.pointers.b;
    tile.b_step = panel;
    const int64_t channel = c + target.group * plan_.group_in();
    const T* b = dy + target.column * block.rows * block.count;
    for (int64_t s = 0; s < segments.count; ++s) {
      share.pointers.a[s] = share.pointers.x[s] + channel;
      share.pointers.b[s] = b + share.pointers.pixel[s] * tile.b_step;
    }
    T* outs[kRowPointers];
    T* row = share.sums + (target.tap * terms_ + c) * plan_.out_channels + target.group * plan_.group_out();
    for (int64_t i = 0; i < height; ++i) outs[i] = row + i * plan_.out_channels;
    tile.c = outs;
    tile.c_offset = target.column;
    tile.columns = static_cast<int>(std::min(left, panel));
    const Epilogue<T> epilogue{nullptr, target.accumulate, false};
    gemm_.columns(static_cast<int>(height), static_cast<int>(panel / gemm_.lanes), tile, epilogue);
  }

  const ConvPlan& plan_;
  const GemmKernels<T>& gemm_;
  Images<const T> x_, dy_;
  bool few_, framed_;
  int64_t rows_, terms_;
  PanelShape shape_;
  EvenSplit tiles_;
  int64_t piece_ = 1, block_ = 1, parts_ = 1, shares_ = 1;
};

}  // namespace

template <class T>
void direct_backward_weights(const ConvPlan& asked, int64_t batch, const T* x, const T* dy, bool accumulate,
                             T* dkernel) {
  const MergedGroups<T> merged(asked, static_cast<const T*>(nullptr), 0);
  const ConvPlan& plan = merged.plan();
  const bool framed = frames_input(plan);
  const Scratch<T> frame(framed ? batch * framed_size(plan.window, plan.in_channels) : 0);
  Images<const T> images = dense_inputs(x, plan.window, plan.in_channels);
  if (framed) {
    const Images<T> copy = frame_images(x, batch, plan.in_channels, plan.window, frame.data());
    images = dense_images(static_cast<const T*>(copy.data), copy.extent[0], copy.extent[1], copy.extent[2],
                          plan.in_channels);
  }
  WeightGradient<T> gradient(plan, batch, images, framed, dy);
  if (!merged.any()) return gradient.run(accumulate, dkernel);
  const Scratch<T> wide(plan.kernel_size());
  gradient.run(false, wide.data());
  merged.take_diagonal(wide.data(), accumulate, dkernel);
}

template void direct_backward_weights(const ConvPlan&, int64_t, const float*, const float*, bool, float*);
template void direct_backward_weights(const ConvPlan&, int64_t, const double*, const double*, bool, double*);

}  // namespace foldgate
