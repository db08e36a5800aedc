// What Winograd's forward and backward-data share: a convolution of r x r taps, or d x r x r, and stride 1, from K to N
// channels.
//
//   out[n][p][j] = activation(bias[j] + sum over taps t, channels k of in[n][p - before + t][k] * taps(t, k, j))
//
// As e * e products of matrices, one a position of the transformed tiles: M[tile][j] = sum over k of V[tile][k] U[k][j]. Only
// height and width are transformed; along the depth the sum goes over the planes that the taps see, d k terms.
// Groups are such products side by side, of K channels and N each.
#pragma once
#include "kernels/activation.h"
#include "ops/conv/packed.h"
#include "ops/conv/winograd_blocks.h"
#include "ops/conv/winograd_pool.h"

namespace foldgate {

// taps(t, k, j) of group g is data[t * tap_step + k * k_step + j * column_step + g * group_step], t counted row by row and, of
// volumes, plane by plane; k_step or column_step is 1.
template <class T>
struct TapWeights {
  int64_t edge;  // r
  const T* data;
  int64_t tap_step, k_step, column_step, group_step;
};

template <class T>
struct WinogradProduct {
  int64_t batch, groups;
  Planes<const T> in;  // of all groups
  Planes<T> out;
  DepthTaps depth;
  int64_t before[2];  // negative where the first pixels are not seen
  int64_t spacing;    // of the taps; planes have 1
  TapWeights<T> taps;
  const T* bias;  // of all groups, or null
  Activation activation;
  const PackedWeights<T>* packed = nullptr;  // U of the taps, which are then not read
  int64_t first_group = 0;                   // among those that are packed
  // Instead of out, whose data is then not written; channels_last, one group.
  const PooledOutputs<T>* pooled = nullptr;
};

// Scratch: for each worker V and M of the tiles in flight, for planar images a window of both, and of U a part of kChunkBytes
// where tiles are few. U of all channels (e * e / (r * r) times the weights) where they are many, up to 1 MB once a worker; V of all
// tiles where they are few, likewise.
template <class T>
void winograd_product(const WinogradProduct<T>& product);

// Of 5 x 5 taps F(2 x 2); of 3 x 3 F(4 x 4), or F(2 x 2) for fewer than kWinogradTiles tiles whose U would pass
// kWinogradKeptBytes.
template <class T>
WeightForm::Kind winograd_kind(const WinogradProduct<T>& product);

// U of all channels, [group][position][panel][k][width], as `form.kind` says.
template <class T>
PackedWeights<T> winograd_pack(const WinogradProduct<T>& product, const WeightForm& form);

}  // namespace foldgate
