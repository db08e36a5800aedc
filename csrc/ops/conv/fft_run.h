// What convolutions in the frequency domain and their gradients have in common: how two operands lie in slots, and the
// way of the first into the frequencies.
#pragma once
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "ops/conv/fft_blocks.h"
#include "ops/conv/fft_roots.h"

namespace foldgate {

// Multiply-adds that `slots` transforms and their copies take, for workers_for.
inline double fft_work(int64_t slots, int64_t size, int64_t lanes) {
  return 24.0 * static_cast<double>(slots) * static_cast<double>(size) * static_cast<double>(lanes);
}

template <class T>
class FftRun {
 protected:
  static constexpr int64_t kBins = 32;  // frequencies of a task of the products

  // least: of the lanes' stride of both operands, see FftLanes.
  FftRun(const FftBlocks& blocks, const FftOperand<const T>& from, int64_t in_channels, int64_t out_channels,
         int64_t least)
      : blocks_(blocks),
        from_(from),
        roots_(fft_roots<T>(blocks.size)),
        in_lanes_(lanes_, in_channels, least),
        out_lanes_(lanes_, out_channels, least),
        in_(blocks, in_lanes_),
        out_(blocks, out_lanes_),
        slot_(in_.slot_size()),
        staging_(std::max(in_.staging_size(), out_.staging_size())) {}

  // `count` slots of the inputs of the pairs from `first` on, into the frequencies.
  void transform_in(int64_t first, int64_t count, T* slots) const {
    const int workers = workers_for(count, fft_work(count, size_, lanes_));
    const Scratch<T> staging(workers * staging_);
    parallel_for(count, workers, [&](int64_t task, int worker) {
      const int64_t pair = first + task / in_lanes_.parts() * in_lanes_.pairs();
      T* const slot = slots + task * slot_;
      in_.gather(from_, pair, blocks_.pairs(), task % in_lanes_.parts(), true,
                 staging.data() + worker * staging_, slot);
      fft_.forward(slot, size_, roots_);
    });
  }

  const FftBlocks& blocks_;
  const FftOperand<const T>& from_;
  const FftKernels<T>& fft_ = kernels<T>().fft;
  const GemmKernels<T>& gemm_ = kernels<T>().gemm;
  const T* const roots_;
  const int64_t size_ = blocks_.size, lanes_ = fft_.lanes;
  const FftLanes in_lanes_, out_lanes_;
  const FftSlots<T> in_, out_;
  const int64_t slot_, staging_;
};

}  // namespace foldgate
