// Winograd convolution of either data format: 3 x 3 or 5 x 5 taps, of volumes up to seven such planes, stride 1, any
// groups, dilation 1 or, channels last, any that height and width share (kernels/winograd.h). A third to a fourth of the
// direct algorithm's multiplications, in exchange for transforms that magnify rounding errors. Groups are transformed
// together, some at a time (group_slabs.h), and multiplied one by one.
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
//
// Of fewer channels, all passes together, on a Zen 4 core (AVX-512, float32), channels_last and channels_first: 2 images of 64x64,
// 8 to 16 1.2 and 1.1, 16 to 8 1.1 and 1.1, 12 to 12 1.5 and 1.3, 10 to 10 1.04 and 1.04, 8 to 12 1.1 and 1.0, 6 to 32 1.2 and
// 1.1, 8 to 8 .75 and .77; 56x56, 8 to 64 1.7 and 1.6, 12 to 24 1.8 and 1.7; 14x14, 8 to 32 1.4 and 1.5.
constexpr int64_t kWinogradTiles = 9;
constexpr int64_t kWinogradFewestChannels = 8;  // of input and of output, of a group
constexpr int64_t kWinogradFewestPairs = 128;   // of a channel of input and one of output, likewise

// Of groups, all passes together, on the same core: 347 of 8 to 64 channels that the rule above takes 1.04 to 3.1, half of them
// more than 1.8 (16: 1x256x28 2.0 and 1.8, 1x512x14 1.5 and 1.7; 24: 2x120x28 2.3 and 2.0; 32: 8x1024x7 1.4 and 2.0), on AVX2 99
// 1.09 and more. Narrower ones, which direct multiplies by vectors of several groups (narrow_groups.h), 8 to 8: 28x28
// 1.2, 15x15 1.1, 14x14 .88, 11x11 .97: from so many pairs and tiles on, and a seventh of outputs too many. Wider ones pay
// from four tiles on, as their weights are few: 16 to 64 channels of 7x7 1.05 to 1.3, of two of them 1.3 to 1.7, of 8x8 1.3 to 1.6, of 6x6
// .8 to 1.0, but 12 to 12 of 7x7 .93.
constexpr int64_t kWinogradFewestPairsOfGroups = 64, kWinogradManyPairsOfGroups = 256;
constexpr int64_t kWinogradTilesOfNarrowGroups = 16, kWinogradTilesOfGroups = 4;

// Of volumes, 3 x 3 x 3 taps, on a Zen 4 core, direct's time over Winograd's, forward and, after a comma, all gradients,
// channels_last (channels_first within a tenth of it):
//
//   channels                    8           16          32          64          128         256
//   2x7x7 (8 tiles)           1.4, 1.4    2.2, 1.6    2.3, 1.6    1.2, 1.2    1.1, 1.1    .70, .81
//   2x8x8 (8)                 1.7, 1.7    2.8, 2.0    2.9, 2.1    1.6, 1.4    1.5, 1.3    1.3, 1.1
//   4x7x7 (16)                1.5, 1.6    2.4, 2.1    2.4, 2.0    1.6, 1.6    1.6, 1.4    1.2, 1.3
//   6x6x6 (24)                1.1, 1.4    1.9, 1.8    1.9, 1.6    1.7, 1.5    1.2, 1.0    1.0, 1.2
//   4x14x14 (64)              1.8, 1.6    3.0, 2.5    2.9, 2.4    2.5, 1.8    1.8, 1.7    1.7, 1.8
//   8x12x12 (72)              2.3, 2.0    2.8, 2.8    3.5, 2.6    2.9, 2.3    2.5, 2.3
//
// 512 channels of 4x8x8 1.5, 1.6, of 4x7x7 1.2, 1.2; 8 of 32x48x48 1.2, 1.2. Tiles are counted over all planes, and the pairs of
// fewest channels once a tap of the depth.
constexpr int64_t kWinogradTilesOfVolumes = 8;
constexpr int64_t kWinogradManyPairsOfVolumes = 128 * 128;

// Of 5 x 5 taps, tiles of 2 x 2; forward and both gradients together, on a Zen 4 core (AVX-512, float32), channels_last:
//
//   channels               16          32          64          128         256         512
//   14x14 (49 tiles)     1.4         1.6         1.7         1.6         1.4
//   12x12 (36)                                   1.5         1.5         1.4         1.1
//   10x10 (25)                       1.5         1.5         1.3         1.2         .92
//   9x9 (25)                                     1.2         1.0         .92
//   8x8 (16)             1.3                     1.3         1.1
//
// direct leaves out the taps that see padding; 64x64 channels of 2 images of 56x56 2.05, 96 to 256 of 27x27 1.7. Channels may
// be fewer on one side: 8 to 64 of 4 images of 32x32 1.6, 64 to 8 1.3, 36 to 10 of 16x16 1.3, but 12 to 12 1.04 and 8 to 8 .5. Forward alone,
// 121 to 82 channels of 9 images of 9x9 1.46, 42 to 90 of 4 of 7x7 1.6, 209 to 206 of 5 of 7x7 1.05.
constexpr int64_t kWinogradTilesOfFive = 25, kWinogradManyTilesOfFive = 64;
constexpr int64_t kWinogradFewestPairsOfFive = 256;
// So many pairs, whose U is 23 MB in float32, are transformed for more tiles alone.
constexpr int64_t kWinogradManyPairs = 400 * 400;
constexpr int64_t kWinogradTilesOfFiveMany = 36;

// Weights that are kept transformed cost no transform, but are read: 36 / 9 times as many bytes with F(4 x 4) as of the
// kernel itself, from L3. From kWinogradTiles tiles on that pays: 1x128x14 1.5x and 1x256x14 1.5x over direct with
// kept weights, 1x256x8 (4 tiles) .8x, 1x512x7 1.0x. For fewer tiles, asked for by name, it is F(2 x 2), kept or not, where
// F(4 x 4)'s weights would pass kWinogradKeptBytes, half of an L3.
constexpr int64_t kWinogradKeptBytes = 16 << 20;
bool winograd_pays(const ConvPlan& plan);

// x (batch, H, W, Cin), y (batch, OH, OW, Cout), or planes if the plan is channels_first; kernel (r, r, Cin, Cout); bias
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
