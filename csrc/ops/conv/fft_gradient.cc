#include "core/interrupt.h"
#include "ops/conv/fft_product.h"
#include "ops/conv/fft_run.h"

namespace foldgate {
namespace {

constexpr int64_t kSplits = 8;  // sums of a part's slots that tasks share, lane by lane

// Both operands' lanes lie alike, so that a step from pair to pair is the same in both.
template <class T>
int64_t common_stride(const FftGradient<T>& g) {
  return std::min<int64_t>(kernels<T>().fft.lanes, std::max(g.in_channels, g.out_channels));
}

template <class T>
class FftGradientRun : FftRun<T> {
  using Run = FftRun<T>;
  using Run::in_lanes_, Run::out_lanes_, Run::in_, Run::out_, Run::slot_, Run::staging_;
  using Run::kBins, Run::transform_in, Run::fft_, Run::gemm_, Run::roots_, Run::size_, Run::lanes_;

 public:
  explicit FftGradientRun(const FftGradient<T>& g)
      : Run(g.blocks, g.in, g.in_channels, g.out_channels, common_stride(g)), g_(g) {}

  void lanewise() const {
    const int64_t pairs = g_.blocks.pairs(), parts = in_lanes_.parts();
    const EvenSplit splits(ceil_div(pairs, in_lanes_.pairs()),
                           ceil_div(ceil_div(pairs, in_lanes_.pairs()), kSplits));
    const int64_t tasks = parts * splits.parts;
    const double work = fft_work(2 * in_lanes_.slots(pairs), size_, lanes_);
    const int workers = workers_for(tasks, work);
    const int64_t own = 2 * slot_ + staging_;
    const Scratch<T> sums(tasks * slot_), scratch(workers * own);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      T *const x = scratch.data() + worker * own, *const dy = x + slot_, *const staging = dy + slot_;
      const int64_t part = task / splits.parts, split = task % splits.parts;
      for (int64_t i = splits.begin(split); i < splits.begin(split + 1); ++i) {
        const int64_t pair = i * in_lanes_.pairs();
        in_.gather(g_.in, pair, pairs, part, true, staging, x);
        fft_.forward(x, size_, roots_);
        out_.gather(g_.dy, pair, pairs, part, false, staging, dy);
        fft_.forward(dy, size_, roots_);
        fft_.correlate(x, dy, size_, i > splits.begin(split), sums.data() + task * slot_);
      }
    });
    parallel_for(parts, workers_for(parts, work / static_cast<double>(pairs)), [&](int64_t part, int) {
      T* const sum = sums.data() + part * splits.parts * slot_;
      for (int64_t i = 1; i < splits.parts; ++i)
        kernels<T>().conv.add(sum, sum + i * slot_, size_ * 2 * lanes_);
      finish(sum, 0, part);
    });
  }

  void dense() const {
    const int64_t units = ceil_div(g_.blocks.pairs(), in_lanes_.pairs());
    const int64_t unit_size = in_lanes_.parts() * slot_ + out_lanes_.parts() * triples_size();
    const EvenSplit chunks(
        units, std::max<int64_t>(1, kFftChunkBytes / (unit_size * static_cast<int64_t>(sizeof(T)))));
    const int64_t most = ceil_div(units, chunks.parts), sums_count = g_.in_channels * out_lanes_.parts();
    const Scratch<T> x(most * in_lanes_.parts() * slot_);
    const Scratch<T> dy(most * out_lanes_.parts() * triples_size() + lanes_);  // read to whole vectors
    const Scratch<T> sums(sums_count * slot_);
    if (out_lanes_.stride < lanes_) sums.zero();
    for (int64_t chunk = 0; chunk < chunks.parts; ++chunk) {
      transform_in(chunks.begin(chunk) * in_lanes_.pairs(), chunks.size(chunk) * in_lanes_.parts(), x.data());
      transform_dy(chunks.begin(chunk), chunks.size(chunk), dy.data());
      multiply(chunks.size(chunk), x.data(), dy.data(), chunk > 0, sums.data());
      check_interrupt();
    }
    parallel_for(sums_count, workers_for(sums_count, fft_work(sums_count, size_, lanes_)),
                 [&](int64_t task, int) {
                   finish(sums.data() + task * slot_, task / out_lanes_.parts(), task % out_lanes_.parts());
                 });
  }

 private:
  int64_t triples_size() const { return size_ * 3 * lanes_ + slot_ - size_ * 2 * lanes_; }

  // taps[.][channel][part] (+)= the real parts of the sum's first positions; lane by lane those of all pairs of a slot.
  void finish(T* sum, int64_t channel, int64_t part) const {
    fft_.inverse(sum, size_, roots_);
    const int64_t live = out_lanes_.live(part), copies = g_.lanewise ? out_lanes_.pairs() : 1;
    if (live == 0) return;
    for (int64_t i = 0; i < copies; ++i)
      fft_.rows({sum + i * out_lanes_.stride, 2 * lanes_, g_.taps + channel * g_.channel_step + part * lanes_,
                 g_.tap_step, g_.blocks.taps, live, T(1) / static_cast<T>(size_), nullptr,
                 g_.accumulate || i > 0});
  }

  void transform_dy(int64_t first, int64_t count, T* triples) const {
    const int64_t parts = out_lanes_.parts(), tasks = count * parts, pairs = g_.blocks.pairs();
    const int workers = workers_for(tasks, fft_work(tasks, size_, lanes_));
    const int64_t own = slot_ + staging_;
    const Scratch<T> scratch(workers * own);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      T* const slot = scratch.data() + worker * own;
      out_.gather(g_.dy, (first + task / parts) * out_lanes_.pairs(), pairs, task % parts, false,
                  slot + slot_, slot);
      fft_.forward(slot, size_, roots_);
      fft_.triples(slot, size_, true, triples + task * triples_size(), 3 * lanes_);
    });
  }

  // At each frequency, sum over pairs of x conj(dy): (re, im) += x_re (re, -im) + x_im (im, re) of dy.
  void multiply(int64_t count, const T* x, const T* dy, bool accumulate, T* sums) const {
    const bool both = out_lanes_.stride >= lanes_ && gemm_.tile_vectors >= 2;
    const int64_t point = 2 * lanes_, in_parts = in_lanes_.parts(), out_parts = out_lanes_.parts();
    const EvenSplit bins(size_, kBins);
    const int64_t tasks = in_parts * out_parts * bins.parts, pairs = in_lanes_.pairs();
    const double work = 4.0 * static_cast<double>(count * pairs * size_) *
                        static_cast<double>(in_lanes_.stride) * static_cast<double>(out_lanes_.stride);
    parallel_for(tasks, workers_for(tasks, work), [&](int64_t task, int) {
      const int64_t range = task % bins.parts, out_part = task / bins.parts % out_parts,
                    in_part = task / bins.parts / out_parts;
      const EvenSplit tiles(in_lanes_.live(in_part), gemm_.column_heights[both ? 1 : 0]);
      const T *a[2 * kMostLanes], *b[2 * kMostLanes];
      T* c[kRowPointers];
      Tile<T> tile;
      tile.segments = 2 * pairs;
      tile.length = count;
      tile.a = a;
      tile.a_step = in_parts * slot_;
      tile.b = b;
      tile.b_step = out_parts * triples_size();
      tile.c = c;
      tile.columns = static_cast<int>(both ? point : out_lanes_.width());
      Epilogue<T> epilogue;
      epilogue.accumulate = accumulate;
      for (int64_t i = 0; i < tiles.parts; ++i) {
        for (int64_t row = 0; row < tiles.size(i); ++row)
          c[row] = sums + ((in_part * lanes_ + tiles.begin(i) + row) * out_parts + out_part) * slot_;
        for (int64_t bin = bins.begin(range); bin < bins.begin(range + 1); ++bin) {
          const T* const left = x + in_part * slot_ + bin * point + tiles.begin(i);
          const T* const right = dy + out_part * triples_size() + bin * 3 * lanes_;
          for (int64_t half = 0; half < (both ? 1 : 2); ++half) {
            for (int64_t s = 0; s < 2 * pairs; ++s) {
              a[s] = left + s % 2 * lanes_ + s / 2 * in_lanes_.stride;
              b[s] = right + (half + 1 - s % 2) * lanes_ + s / 2 * out_lanes_.stride;
            }
            tile.c_offset = bin * point + half * lanes_;
            gemm_.columns(static_cast<int>(tiles.size(i)), both ? 2 : 1, tile, epilogue);
          }
        }
      }
    });
  }

  static constexpr int64_t kMostLanes = 16;

  const FftGradient<T>& g_;
};

}  // namespace

template <class T>
void fft_gradient(const FftGradient<T>& gradient) {
  const FftGradientRun<T> run(gradient);
  gradient.lanewise ? run.lanewise() : run.dense();
}

template void fft_gradient(const FftGradient<float>&);
template void fft_gradient(const FftGradient<double>&);

}  // namespace foldgate
