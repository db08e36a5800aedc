#include "ops/conv/depthwise_frames.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "kernels/table.h"
#include "ops/conv/depthwise_bands.h"

namespace foldgate {
namespace {

constexpr int64_t kLeastTaps = 20;         // for which a copy of the input pays
constexpr int64_t kFrameBytes = 28 << 10;  // beside the weights in an L1 of 32 KB
constexpr int64_t kPartBytes = 512 << 10;  // of input rows that all vectors of channels read: half an L2
constexpr int64_t kLeastUnits = 8;         // for the threads
constexpr int64_t kLeastOutputs = 14;  // of a block of columns, which see some of the inputs of the next one

// Are the taps rows of neighbours, in the planes that they write to, and each output a pixel on from the last?
template <class T>
bool find_taps(const TapGemm<T>& p, DepthwiseFrame& f) {
  const size_t taps = p.taps.size();
  size_t columns = 1;
  while (columns < taps && p.taps[columns].shift[1] == p.taps[0].shift[1]) ++columns;
  if (p.step[1] != 1 || p.step[2] != 1 || (p.grid[0] - 1) * p.step[0] >= p.in.extent[0]) return false;
  for (size_t t = 0; t < taps; ++t)
    if (p.taps[t].shift[0] != 0 ||
        p.taps[t].shift[1] != p.taps[0].shift[1] + static_cast<int64_t>(t / columns) ||
        p.taps[t].shift[2] != p.taps[0].shift[2] + static_cast<int64_t>(t % columns))
      return false;
  f.rows = static_cast<int64_t>(taps / columns);
  f.columns = static_cast<int64_t>(columns);
  return taps % columns == 0;
}

}  // namespace

template <class T>
DepthwiseFrame find_frame(const TapGemm<T>& p) {
  DepthwiseFrame f;
  if (static_cast<int64_t>(p.taps.size()) < kLeastTaps || p.grid[2] < kFramedLeast || !find_taps(p, f))
    return {};
  const int64_t item = static_cast<int64_t>(sizeof(T)), outputs = p.grid[2];
  f.lanes = kernels<T>().gemm.lanes;
  f.vectors = ceil_div(p.columns, f.lanes);
  const int64_t fitting = kFrameBytes / (item * f.lanes * f.rows) - (f.columns - 1);
  f.blocks = ceil_div(outputs, std::max(fitting, kLeastOutputs));
  f.width = ceil_div(outputs, f.blocks) + f.columns - 1;
  const int64_t bytes = p.in.extent[1] * p.in.step[2] * item;
  const int64_t parts = std::max(ceil_div(bytes, kPartBytes),
                                 ceil_div(kLeastUnits, p.batch * p.grid[0] * f.blocks * f.vectors));
  f.parts = std::min(parts, ceil_div(p.grid[1], f.rows));
  return f;
}

namespace {

template <class T>
class Unit {
 public:
  Unit(const TapGemm<T>& p, Target<T> out, const DepthwiseFrame& f, int64_t index,
       const DepthwiseFrameScratch<T>& scratch)
      : p_(p),
        f_(f),
        kernel_(kernels<T>()),
        scratch_(scratch),
        weights_(scratch.frame + f.rows * f.width * f.lanes) {
    const int64_t plane = index / f.units(), n = plane / p.grid[0], z = plane % p.grid[0];
    channel_ = index % f.vectors * f.lanes;
    channels_ = std::min(f.lanes, p.columns - channel_);
    const int64_t block = index / f.vectors % f.blocks, part = index / (f.vectors * f.blocks) % f.parts;
    left_ = p.grid[2] * block / f.blocks;
    outputs_ = p.grid[2] * (block + 1) / f.blocks - left_;
    top_ = p.grid[1] * part / f.parts;
    end_ = p.grid[1] * (part + 1) / f.parts;
    ahead_ = fetches_rows(p.in, p.batch) ? p.in.step[2] : 0;
    x_ = p.in.data + n * p.in.step[0] + z * p.step[0] * p.in.step[1] + channel_;
    y_ = out + (n * p.out_step[0] + z * p.out_step[1] + left_ * p.out_step[3] + channel_);
  }

  void run() {
    T* to = weights_;
    for (const Tap& tap : p_.taps) {
      kernel_.depthwise.gather(p_.weights + tap.weights + channel_, 0, 0, 1, channels_, to);
      to += f_.lanes;
    }
    for (int64_t y = top_; y < end_; ++y) row(y);
  }

 private:
  T* place(int64_t y) const { return scratch_.frame + y % f_.rows * f_.width * f_.lanes; }

  // Copies a row of the image to its place in the frame.
  void fill(int64_t y) const {
    const int64_t first = left_ + p_.taps[0].shift[2];
    const int64_t begin = std::clamp<int64_t>(-first, 0, f_.width);
    const int64_t end = std::clamp(p_.in.extent[2] - first, begin, f_.width);
    T* const out = place(y);
    zero(out, begin);
    kernel_.depthwise.gather(x_ + y * p_.in.step[2] + (first + begin) * p_.in.step[3], p_.in.step[3], ahead_,
                             end - begin, channels_, out + begin * f_.lanes);
    zero(out + end * f_.lanes, f_.width - end);
  }
  void zero(T* pixels, int64_t count) const {
    std::memset(static_cast<void*>(pixels), 0, static_cast<size_t>(count * f_.lanes) * sizeof(T));
  }

  void row(int64_t y) {
    const int64_t above = y + p_.taps[0].shift[1], begin = std::max<int64_t>(above, 0);
    const int64_t end = std::min(above + f_.rows, p_.in.extent[1]);
    for (filled_ = std::max(filled_, begin); filled_ < end; ++filled_) fill(filled_);
    int64_t count = 0;
    for (int64_t at = begin; at < end; ++at) scratch_.rows[count++] = place(at);
    const Target<T> to = y_ + y * p_.out_step[2];
    kernel_.depthwise.framed({scratch_.rows, count, f_.columns,
                              weights_ + (begin - above) * f_.columns * f_.lanes, to, p_.out_step[3],
                              outputs_, channels_, p_.bias ? p_.bias + channel_ : nullptr,
                              relu_limit<T>(p_.activation)});
    if (!is_curve(p_.activation)) return;
    for (int64_t v = 0; v < outputs_; ++v)
      kernel_.activation.forward(p_.activation, to.data + v * p_.out_step[3], channels_);
  }

  const TapGemm<T>& p_;
  const DepthwiseFrame& f_;
  const Kernels<T>& kernel_;
  const DepthwiseFrameScratch<T>& scratch_;
  T* const weights_;            // the taps', one after the other
  int64_t channel_, channels_;  // which, and how many
  int64_t left_, outputs_;      // columns of the outputs: the first, and how many
  int64_t top_, end_;           // rows of them
  int64_t filled_ = 0;          // rows of the image before that are in the frame, or were
  int64_t ahead_;               // to the row that is fetched while one is copied
  const T* x_;
  Target<T> y_;
};

}  // namespace

template <class T>
void depthwise_framed(const TapGemm<T>& problem, Target<T> out, const DepthwiseFrame& frame, int64_t unit,
                      const DepthwiseFrameScratch<T>& scratch) {
  Unit<T>(problem, out, frame, unit, scratch).run();
}

#define FOLDGATE_INSTANTIATE(T)                                                                \
  template DepthwiseFrame find_frame(const TapGemm<T>&);                                       \
  template void depthwise_framed(const TapGemm<T>&, Target<T>, const DepthwiseFrame&, int64_t, \
                                 const DepthwiseFrameScratch<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
