// Winograd convolution of either data format: 3 x 3 taps, stride 1, dilation 1, one group (kernels/winograd.h). A third
// to a fourth of the direct algorithm's multiplications, in exchange for transforms that magnify rounding errors.
#pragma once
#include <cstdint>

#include "ops/conv/packed.h"

namespace foldgate {

// Whether the algorithm can do the plan's window.
bool winograd_can(const ConvPlan& plan);

// Whether it is faster than the direct algorithm, forward and backward. Measured on a Skylake-SP core (AVX-512, float32),
// direct's time over Winograd's, forward and, after a comma, all gradients:
//
//   channels               16          32          64          128         256
//   28x28 (49 tiles)     2.1
//   14x14 (16)           1.1, 1.1    1.3, 1.25   1.4
//   12x12 (9)            1.2, 1.15               1.35, 1.2   1.2, 1.1    1.3, 1.0
//   8x8 (4)              1.15, 1.2   1.2         1.2, 1.1    .97, .91    1.1, .87
//   8 of 7x7 (32)        1.6, 1.6
//   4 of 7x7 (16)        .91, .97
//   8 of 64x64 (2048)    1.25
//
// Weights are transformed in every call, which few tiles do not repay; at 6x6 pixels nearly half of the tiles is waste.
// So: from kWinogradTiles tiles of 4x4 on, and no more than half as many outputs computed as there are.
constexpr int64_t kWinogradTiles = 9;
constexpr int64_t kWinogradFewestChannels = 16;

// Weights that are kept transformed cost no transform, but are read: 36 / 9 times as many bytes with F(4 x 4) as of the
// kernel itself, from L3. From kWinogradTiles tiles on that pays: 1x128x14 1.5x and 1x256x14 1.5x over direct with
// kept weights, 1x256x8 (4 tiles) .8x, 1x512x7 1.0x. For fewer tiles, asked for by name, it is F(2 x 2), kept or not, where
// F(4 x 4)'s weights would pass kWinogradKeptBytes, half of an L3.
constexpr int64_t kWinogradKeptBytes = 16 << 20;
bool winograd_pays(const ConvPlan& plan);

// x (batch, H, W, Cin), y (batch, OH, OW, Cout), or planes if the plan is channels_first; kernel (3, 3, Cin, Cout); bias
// (Cout,) or null. packed: of the kernel, used where its form is what the plan wants; or null.
template <class T>
void winograd_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias, T* y,
                      const PackedWeights<T>* packed = nullptr);
// The same with 2 x 2 max pooling in the output transform; the activation is no curve, the plan channels_last.
// pooled (batch, OH / 2, OW / 2, Cout); taps: of its shape, the winner of each window, or null.
template <class T>
void winograd_forward_pooled(const ConvPlan& plan, const T* x, const T* kernel, const T* bias, T* pooled,
                             uint8_t* taps);
template <class T>
PackedWeights<T> winograd_pack(const ConvPlan& plan, const T* kernel);
template <class T>
WeightForm winograd_form(const ConvPlan& plan);
// dx is the convolution of dy with the taps turned round and their channels exchanged.
template <class T>
void winograd_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx);
// dkernel = the gradient by the kernel, added to what is there with `accumulate`.
// Scratch: as in winograd_product.h; the transformed gradient up to kSumParts times, at most kSumBytes or twice.
template <class T>
void winograd_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                               T* dkernel);

}  // namespace foldgate
