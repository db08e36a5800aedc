// Units of a depthwise convolution of channels_last images by frames: a vector of channels of a stretch of outputs, whose
// inputs are copied to L1 as they are needed, row by row, with the zeros of the padding around them. Where taps are many
// the copy is a small part of the work, and no output at an edge is done apart.
#pragma once
#include "ops/conv/tap_gemm.h"
#include "ops/stream.h"

namespace foldgate {

// How a pass is cut, and what its frame holds; by shape alone.
struct DepthwiseFrame {
  int64_t rows = 0, columns = 0;  // of taps, and of pixels' rows in the frame
  int64_t width = 0;              // pixels of a row in the frame
  int64_t parts = 0, blocks = 0;  // of a plane's rows and columns of outputs
  int64_t vectors = 0, lanes = 0;

  bool used() const { return rows > 0; }
  int64_t units() const { return parts * blocks * vectors; }         // of a plane of outputs
  int64_t size() const { return rows * (width + columns) * lanes; }  // of its scratch, with the weights
};

// None where the copy would not pay.
template <class T>
DepthwiseFrame find_frame(const TapGemm<T>& problem);

// One worker's scratch.
template <class T>
struct DepthwiseFrameScratch {
  T* frame;        // of size()
  const T** rows;  // an entry a row of taps
};

template <class T>
void depthwise_framed(const TapGemm<T>& problem, Target<T> out, const DepthwiseFrame& frame, int64_t unit,
                      const DepthwiseFrameScratch<T>& scratch);

}  // namespace foldgate
