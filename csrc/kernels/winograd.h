// The transforms of Winograd convolution F(m x m, r x r), vectors along the channels; F(2, 3), F(4, 3) and F(2, 5):
//
//   y = A' [ sum over c of (G g_c G') . (B' x_c B) ] A      x: a tile of e x e pixels, e = m + r - 1; g: r x r taps; y: m x m
//
// V = B' x B, U = G g G' and M = sum of U . V have e x e positions; position i is `step` elements after position i - 1.
// The gradients are the adjoints of the same maps: D = A dy A', and dg = G' dU G.
#pragma once
#include <cstdint>

namespace foldgate {

constexpr int kMaxWinogradEdge = 6;

template <class T>
struct WinogradKernels {
  int outputs;  // m: outputs of a tile along an axis
  int taps;     // r: taps along an axis
  int edge;     // e: pixels of a tile

  // v[channels rounded up to whole vectors] of each position from e * e pixels of `channels`.
  void (*input)(const T* const* pixels, int64_t channels, T* v, int64_t step);
  // pixels[i][channels] = f(bias + .), m * m of them, from m of whole vectors; f as by relu_limit().
  void (*output)(const T* m, int64_t step, int64_t channels, const T* bias, T limit, T* const* pixels);
  // The same, pooled: pixels[i][channels] = the maximum of each window of 2 x 2 of them, (m / 2) * (m / 2) windows, and in
  // taps[i][channels] the one of the four that it is, row by row; taps is null where nobody asks.
  void (*pooled_output)(const T* m, int64_t step, int64_t channels, const T* bias, T limit, T* const* pixels,
                        uint8_t* const* taps);
  // u[row * width + column], width whole vectors >= columns, zeros beyond them; tap t of a row at
  // taps + t * tap_step + row * row_step.
  void (*weights)(const T* taps, int64_t tap_step, int64_t row_step, int64_t rows, int64_t columns, T* u,
                  int64_t width, int64_t step);

  // d[channels rounded up to whole vectors] of each position from m * m pixels of dy.
  void (*output_gradient)(const T* const* pixels, int64_t channels, T* d, int64_t step);
  // taps[t * tap_step + row * row_step + column] = or += what weights() is the adjoint of.
  void (*weights_gradient)(const T* u, int64_t width, int64_t step, int64_t rows, int64_t columns,
                           bool accumulate, T* taps, int64_t tap_step, int64_t row_step);
};

}  // namespace foldgate
