// Winograd convolution of either data format: 3 x 3 taps, stride 1, dilation 1, one group (kernels/winograd.h). A third
// to a fourth of the direct algorithm's multiplications, in exchange for transforms that magnify rounding errors.
#pragma once
#include <cstdint>

#include "ops/conv/packed.h"

namespace foldgate {

// Whether the algorithm can do the plan's window.
bool winograd_can(const ConvPlan& plan);

// Whether it is faster than the direct algorithm, forward and backward. Measured on a Skylake-SP core (AVX-512, float32,
// 1 and 8 images of 4 to 28 pixels square, 8 to 256 channels), direct's time over Winograd's forward:
//
//   channels             16     32     64    128    256
//   28x28 (49 tiles)    1.5    1.7    1.9    1.8    1.9
//   14x14 (16)           .9    1.1    1.4    1.2    1.5
//   8x8 (4)              .9    1.0    1.2     .9    1.1
//   8 of 7x7 (32)       1.1    1.4    1.4    1.3    1.5
//   8 of 6x6 (32)        .8    1.0    1.1    1.0    1.2
//
// Weights are transformed in every call, which few tiles do not repay; at 6x6 pixels nearly half of the tiles is waste.
// So: from kWinogradTiles tiles of 4x4 on, kWinogradManyTiles with less than kWinogradChannels of either kind, and no
// more than half as many outputs computed as there are. Forward alone, weights of kWinogradManyWeights a tap on need but
// kWinogradFewTiles: 512 channels of 10x10 1.25x, two of 7x7 1.02x to 1.08x (to the input less), but one of 7x7 .95x on one
// thread and .89x on two, as direct convolution needs no more than its weights' way from memory. And forward alone, 16
// channels to 16 of more than kWinogradManyOutputs outputs are bound by what the transforms write and read: .96x for 16
// images of 32x32, .88x for 64 (the gradient by the kernel 1.5x).
constexpr int64_t kWinogradTiles = 12;
constexpr int64_t kWinogradManyTiles = 28;
constexpr int64_t kWinogradFewTiles = 8;
constexpr int64_t kWinogradManyWeights = 1 << 18;
constexpr int64_t kWinogradManyOutputs = 1 << 14;
constexpr int64_t kWinogradChannels = 32;
constexpr int64_t kWinogradFewestChannels = 16;

// Weights that are kept transformed cost no transform, but are read: 36 / 9 times as many bytes with F(4 x 4) as of the
// kernel itself, from L3. From kWinogradKeptTiles tiles on that pays: 1x128x14 1.5x and 1x256x14 1.5x over direct with
// kept weights, 1x256x8 (4 tiles) .8x, 1x512x7 1.0x. For fewer tiles, asked for by name, it is F(2 x 2) where F(4 x 4)'s
// weights would pass kWinogradKeptBytes, half of an L3.
constexpr int64_t kWinogradKeptTiles = 9;
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
