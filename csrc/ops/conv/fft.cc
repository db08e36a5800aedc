#include "ops/conv/fft.h"

#include <cmath>

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/fft_product.h"
#include "ops/conv/fft_roots.h"

namespace foldgate {
namespace {

// The model, in cycles, of which the constants were fitted to times on AVX-512 (docs/performance.md): it is within a
// quarter for most of 90 pairs of a shape and a size. A vector is one of kLanes.
constexpr int64_t kLanes = 16;
constexpr double kPass = 7;       // a position of a slot, for each doubling of the size
constexpr double kFar = 5.6;      // more for each doubling beyond 1024, where a slot leaves L2
constexpr double kStored = 13.5;  // more where spectra are stored between the transforms
constexpr double kTaps = 250;     // a position of the kernel's spectrum, written as triples
constexpr double kProduct = 1.1;  // a multiply-add of vectors, of the products of spectra
constexpr double kCall = 5e4;
constexpr double kDirect = 0.6;   // a multiply-add of vectors of the sums themselves
constexpr double kDepthwise = 2;  // the same in depthwise convolution
constexpr double kMargin = 1.3;
constexpr int64_t kLeastSize = 64;
constexpr int64_t kMostSpectrum =
    1 << 25;  // numbers of a kernel's spectrum that the rule grants: 128 MB of float

struct FftCost {
  int64_t size;
  double cycles;
};

bool lanewise(const ConvPlan& plan) { return plan.group_in() == 1 && plan.group_out() == 1; }

double cycles_of(const FftBlocks& b, int64_t in, int64_t out, int64_t groups, bool by_lanes) {
  const double f = static_cast<double>(b.size), pairs = static_cast<double>(b.pairs()), log = std::log2(f);
  const double slot = f * (kPass * log + kFar * std::max(0.0, log - 10));
  if (by_lanes) return kCall + slot * static_cast<double>(2 * FftLanes(kLanes, groups).slots(b.pairs()));
  const FftLanes from(kLanes, in), to(kLanes, out);
  const double slots = static_cast<double>(from.slots(b.pairs()) + to.slots(b.pairs()));
  const double product = 4 * pairs * f * static_cast<double>(from.stride) *
                         static_cast<double>(ceil_div(out, kLanes)) * kProduct;
  return kCall + static_cast<double>(groups) * ((slot + f * kStored) * slots +
                                                f * kTaps * static_cast<double>(in * to.parts()) + product);
}

// The size whose transforms cost least, up to where one block is a whole image or 16 times the taps.
FftCost best_size(FftBlocks b, int64_t in, int64_t out, int64_t groups, bool by_lanes) {
  FftCost best{0, 0};
  int64_t size = 4;
  while (size < b.taps) size *= 2;
  const int64_t most = std::min(kFftMostSize, std::max<int64_t>(kLeastSize, 16 * size));
  for (bool more = true; more && size <= most; size *= 2) {
    b.size = size;
    if (b.block() < 1) continue;
    const double cycles = cycles_of(b, in, out, groups, by_lanes);
    if (best.size == 0 || cycles < best.cycles) best = {size, cycles};
    more = b.per_phase() > 1;
  }
  return best;
}

FftBlocks blocks_of(const ConvPlan& plan, int64_t batch) {
  const WindowAxis& axis = plan.window.width();
  return {batch, axis.input, axis.output, axis.before, axis.dilation, axis.kernel, 0};
}
// Input position q of dx meets the outputs q + before - t * dilation: with the taps in reverse they begin where
// extent - 1 - before positions stand before it.
FftBlocks adjoint_blocks(const ConvPlan& plan, int64_t batch) {
  const WindowAxis& axis = plan.window.width();
  return {batch, axis.output, axis.input, axis.extent() - 1 - axis.before, axis.dilation, axis.kernel, 0};
}

FftBlocks sized(FftBlocks blocks, const ConvPlan& plan, int64_t in, int64_t out) {
  blocks.size = best_size(blocks, in, out, plan.groups, lanewise(plan)).size;
  return blocks;
}

// Lane by lane all groups are one problem, else each is its own.
int64_t problems(const ConvPlan& plan) { return lanewise(plan) ? 1 : plan.groups; }
int64_t channels(const ConvPlan& plan, int64_t of_group) { return lanewise(plan) ? plan.groups : of_group; }

// (taps, in, out) -> (taps, out, in) of each group, one group after the other.
template <class T>
Scratch<T> turned_kernel(const ConvPlan& plan, const T* kernel) {
  const int64_t in = plan.group_in(), out = plan.group_out(), taps = plan.taps();
  Scratch<T> turned(plan.kernel_size());
  const auto transpose = kernels<T>().gemm.transpose;
  const int64_t tasks = plan.groups * taps;
  parallel_for(tasks, workers_for(tasks, kValueWork * static_cast<double>(plan.kernel_size())),
               [&](int64_t task, int) {
                 const int64_t group = task / taps, tap = task % taps;
                 transpose(kernel + tap * in * plan.out_channels + group * out, plan.out_channels, in, out,
                           turned.data() + task * in * out, in);
               });
  return turned;
}

template <class T>
void activate(Activation activation, T* y, int64_t size) {
  if (activation == Activation::kLinear) return;
  constexpr int64_t kBlock = 16384;
  const EvenSplit blocks(size, kBlock);
  const auto forward = kernels<T>().activation.forward;
  parallel_for(blocks.parts, workers_for(blocks.parts, kValueWork * static_cast<double>(size)),
               [&](int64_t block, int) { forward(activation, y + blocks.begin(block), blocks.size(block)); });
}

}  // namespace

bool fft_can(const ConvPlan& plan) {
  const WindowAxis& axis = plan.window.width();
  return plan.window.rank == 1 && axis.stride == 1 && axis.kernel <= kFftMostTaps;
}

bool fft_pays(const ConvPlan& plan) {
  if (!fft_can(plan) || plan.batch == 0) return false;
  const FftCost fft =
      best_size(blocks_of(plan, plan.batch), plan.group_in(), plan.group_out(), plan.groups, lanewise(plan));
  if (!lanewise(plan) && 3 * fft.size * plan.group_in() * round_up(plan.group_out(), kLanes) > kMostSpectrum)
    return false;
  const double outputs = static_cast<double>(plan.batch * plan.window.output_positions() * plan.taps());
  const double direct =
      lanewise(plan) && plan.groups > 1
          ? outputs * static_cast<double>(plan.groups) / kLanes * kDepthwise
          : outputs * static_cast<double>(plan.in_channels * ceil_div(plan.group_out(), kLanes)) * kDirect;
  return kMargin * fft.cycles < direct;
}

template <class T>
void fft_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias, T* y) {
  const int64_t in = channels(plan, plan.group_in()), out = channels(plan, plan.group_out());
  const WindowAxis& axis = plan.window.width();
  FftProduct<T> product{sized(blocks_of(plan, batch), plan, plan.group_in(), plan.group_out()),
                        in,
                        out,
                        lanewise(plan),
                        {},
                        {},
                        nullptr,
                        {}};
  for (int64_t g = 0; g < problems(plan); ++g) {
    product.in = {x + g * in, axis.input, plan.in_channels};
    product.taps = {kernel + g * out, plan.group_in() * plan.out_channels, plan.out_channels};
    product.bias = bias ? bias + g * out : nullptr;
    product.out = {y + g * out, axis.output, plan.out_channels};
    fft_product(product);
  }
  activate(plan.activation, y, batch * axis.output * plan.out_channels);
}

template <class T>
void fft_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx) {
  const int64_t in = channels(plan, plan.group_in()), out = channels(plan, plan.group_out());
  const WindowAxis& axis = plan.window.width();
  const Scratch<T> turned = lanewise(plan) ? Scratch<T>() : turned_kernel(plan, kernel);
  const T* const taps = lanewise(plan) ? kernel : turned.data();
  const int64_t tap = lanewise(plan) ? plan.groups : in * out;
  FftProduct<T> product{sized(adjoint_blocks(plan, batch), plan, plan.group_out(), plan.group_in()),
                        out,
                        in,
                        lanewise(plan),
                        {},
                        {},
                        nullptr,
                        {}};
  for (int64_t g = 0; g < problems(plan); ++g) {
    product.in = {dy + g * out, axis.output, plan.out_channels};
    product.taps = {taps + ((g + 1) * axis.kernel - 1) * tap, -tap, in};
    product.out = {dx + g * in, axis.input, plan.in_channels};
    fft_product(product);
  }
}

template <class T>
void fft_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                          T* dkernel) {
  const int64_t in = channels(plan, plan.group_in()), out = channels(plan, plan.group_out());
  const WindowAxis& axis = plan.window.width();
  FftGradient<T> gradient{sized(blocks_of(plan, batch), plan, plan.group_in(), plan.group_out()),
                          in,
                          out,
                          lanewise(plan),
                          {},
                          {},
                          accumulate,
                          nullptr,
                          plan.group_in() * plan.out_channels,
                          plan.out_channels};
  for (int64_t g = 0; g < problems(plan); ++g) {
    gradient.in = {x + g * in, axis.input, plan.in_channels};
    gradient.dy = {dy + g * out, axis.output, plan.out_channels};
    gradient.taps = dkernel + g * out;
    fft_gradient(gradient);
  }
}

#define FOLDGATE_INSTANTIATE(T)                                                          \
  template void fft_forward(const ConvPlan&, int64_t, const T*, const T*, const T*, T*); \
  template void fft_backward_data(const ConvPlan&, int64_t, const T*, const T*, T*);     \
  template void fft_backward_weights(const ConvPlan&, int64_t, const T*, const T*, bool, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
