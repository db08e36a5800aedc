// How an FFT convolution along one axis is cut. The outputs of an image are those of `dilation` phases r, each of which
// is a convolution with a dense kernel: out[r + d q] = sum over j of in[r - before + d (q + j)] k[j]. A phase is cut into
// blocks of B outputs, which see the F = B + K - 1 inputs of a transform (overlap-save). Two blocks of an image are the
// real and the imaginary part of one complex sequence, since the kernel is real: they are a pair, and pairs never mix.
#pragma once
#include <algorithm>

#include "core/check.h"
#include "kernels/table.h"

namespace foldgate {

struct FftBlocks {
  int64_t images = 0, inputs = 0, outputs = 0;  // positions of an image
  int64_t before = 0, dilation = 1, taps = 1;
  int64_t size = 0;  // F

  int64_t block() const { return size - taps + 1; }
  int64_t phases() const { return std::min(dilation, outputs); }
  int64_t per_phase() const { return ceil_div(ceil_div(outputs, dilation), block()); }
  int64_t per_image() const { return phases() * per_phase(); }
  int64_t pairs_per_image() const { return ceil_div(per_image(), 2); }
  int64_t pairs() const { return images * pairs_per_image(); }
  // The first output of block u of an image.
  int64_t origin(int64_t u) const { return u / per_phase() + dilation * block() * (u % per_phase()); }
};

// How the channels of pairs lie in vectors of `lanes`: pair m has its channels `stride` lanes apart from those of m + 1,
// several pairs in a slot where the channels are few, several slots a pair where they are many.
struct FftLanes {
  int64_t lanes, channels, stride;

  // least: of stride; or a multiple of lanes.
  FftLanes(int64_t lanes_, int64_t channels_, int64_t least = 1)
      : lanes(lanes_), channels(channels_), stride(1) {
    const int64_t wanted = std::max(channels, least);
    if (wanted >= lanes)
      stride = round_up(wanted, lanes);
    else
      while (stride < wanted) stride *= 2;
  }
  int64_t pairs() const { return stride < lanes ? lanes / stride : 1; }  // of a slot
  int64_t parts() const { return stride < lanes ? 1 : stride / lanes; }  // slots of a pair
  int64_t width() const { return std::min(stride, lanes); }              // lanes of a pair in a slot
  int64_t live(int64_t part) const {
    return std::max<int64_t>(0, std::min(width(), channels - part * lanes));
  }
  int64_t slots(int64_t pairs_) const { return ceil_div(pairs_, pairs()) * parts(); }
};

// (images, positions, pitch), of whose pitch the channels of one group are meant.
template <class T>
struct FftOperand {
  T* data;
  int64_t positions, pitch;
};

// Slots of an operand: from its memory and back.
template <class T>
class FftSlots {
 public:
  FftSlots(const FftBlocks& blocks, const FftLanes& lanes)
      : blocks_(blocks), lanes_(lanes), fft_(kernels<T>().fft), gemm_(kernels<T>().gemm) {}

  // Elements of a slot: a line more than it fills, so that the same frequency of many slots is not in one cache set.
  static int64_t slot_size(const FftBlocks& blocks, int64_t lanes) { return 2 * lanes * blocks.size + kLine; }
  int64_t slot_size() const { return slot_size(blocks_, lanes_.lanes); }
  int64_t staging_size() const { return lanes_.stride == 1 ? lanes_.lanes * staging_step() : 0; }

  // The slot `part` of the pairs from `pair` on, up to `end`. as_inputs: the F inputs of each block; else its B outputs
  // and zeros.
  void gather(const FftOperand<const T>& from, int64_t pair, int64_t end, int64_t part, bool as_inputs,
              T* staging, T* slot) const;
  // to = bias + scale * slot, of the B outputs of each block.
  void scatter(const T* slot, int64_t pair, int64_t end, int64_t part, T scale, const T* bias, T* staging,
               const FftOperand<T>& to) const;

 private:
  static constexpr int64_t kLine = 64 / static_cast<int64_t>(sizeof(T));

  // Elements [begin, end) of a block's sequence are in memory, element t at position first + t * dilation.
  struct Stretch {
    int64_t image, first, begin, end;
  };
  bool stretch(int64_t pair, int half, int64_t positions, bool as_inputs, Stretch* s) const;
  int64_t staging_step() const { return blocks_.size + kLine; }
  void gather_single(const FftOperand<const T>& from, int64_t pair, int64_t end, bool as_inputs, T* staging,
                     T* slot) const;
  void scatter_single(const T* slot, int64_t pair, int64_t end, T scale, const T* bias, T* staging,
                      const FftOperand<T>& to) const;

  const FftBlocks& blocks_;
  const FftLanes lanes_;
  const FftKernels<T>& fft_;
  const GemmKernels<T>& gemm_;
};

}  // namespace foldgate
