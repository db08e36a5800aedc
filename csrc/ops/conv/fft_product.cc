#include "ops/conv/fft_product.h"

#include <cstring>

#include "core/interrupt.h"
#include "ops/conv/fft_run.h"

namespace foldgate {
namespace {

template <class T>
class FftProductRun : FftRun<T> {
  using Run = FftRun<T>;
  using Run::in_lanes_, Run::out_lanes_, Run::in_, Run::out_, Run::slot_, Run::staging_;
  using Run::kBins, Run::transform_in, Run::fft_, Run::gemm_, Run::roots_, Run::size_, Run::lanes_;

 public:
  explicit FftProductRun(const FftProduct<T>& p)
      : Run(p.blocks, p.in, p.in_channels, p.out_channels, 1), p_(p) {}

  // Every lane has its own kernel: a slot stays in a worker's cache from its inputs to its outputs.
  void lanewise() const {
    const Scratch<T> spectrum(in_lanes_.parts() * slot_);
    const auto part_tasks = in_lanes_.parts();
    parallel_for(
        part_tasks, workers_for(part_tasks, fft_work(part_tasks, size_, lanes_)),
        [&](int64_t part, int) { transform_taps(0, part, in_lanes_, spectrum.data() + part * slot_); });
    const int64_t pairs = p_.blocks.pairs(), tasks = in_lanes_.slots(pairs);
    const int workers = workers_for(tasks, fft_work(2 * tasks, size_, lanes_));
    const int64_t own = slot_ + staging_;
    const Scratch<T> scratch(workers * own);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      T *const slot = scratch.data() + worker * own, *const staging = slot + slot_;
      const int64_t part = task % in_lanes_.parts(), pair = task / in_lanes_.parts() * in_lanes_.pairs();
      in_.gather(p_.in, pair, pairs, part, true, staging, slot);
      fft_.forward(slot, size_, roots_);
      fft_.multiply(slot, spectrum.data() + part * slot_, size_);
      fft_.inverse(slot, size_, roots_);
      out_.scatter(slot, pair, pairs, part, scale(), p_.bias, staging, p_.out);
    });
  }

  // Chunks of pairs, so that both spectra of a chunk stay in cache: transformed, multiplied, transformed back.
  void dense() const {
    const Scratch<T> spectrum = taps_spectrum();
    const int64_t unit = std::max(in_lanes_.pairs(), out_lanes_.pairs()), pairs = p_.blocks.pairs();
    const int64_t unit_bytes =
        (in_lanes_.slots(unit) + out_lanes_.slots(unit)) * slot_ * static_cast<int64_t>(sizeof(T));
    const EvenSplit chunks(ceil_div(pairs, unit), std::max<int64_t>(1, kFftChunkBytes / unit_bytes));
    const int64_t most = ceil_div(chunks.total, chunks.parts) * unit;
    const Scratch<T> in(in_lanes_.slots(most) * slot_), out(out_lanes_.slots(most) * slot_);
    for (int64_t chunk = 0; chunk < chunks.parts; ++chunk) {
      const int64_t first = chunks.begin(chunk) * unit;
      const int64_t count = std::min(pairs - first, chunks.size(chunk) * unit);
      transform_in(first, in_lanes_.slots(count), in.data());
      multiply(count, spectrum.data(), in.data(), out.data());
      transform_out(first, count, out.data());
      check_interrupt();
    }
  }

 private:
  T scale() const { return T(1) / static_cast<T>(size_); }

  // Tap t stands at -t modulo F, which makes a convolution of what is a correlation. Every pair's lanes get the same.
  void transform_taps(int64_t channel, int64_t part, const FftLanes& lanes, T* slot) const {
    const int64_t live = lanes.live(part), point = 2 * lanes_, taps = p_.blocks.taps;
    std::memset(static_cast<void*>(slot), 0, static_cast<size_t>(size_ * point) * sizeof(T));
    const T* from = p_.taps.data + channel * p_.taps.channel_step + part * lanes_;
    for (int64_t i = 0; i < lanes.pairs() && live > 0; ++i) {
      T* const to = slot + i * lanes.stride;
      fft_.rows({from, 0, to, 0, 1, live});
      if (taps > 1)
        fft_.rows(
            {from + p_.taps.tap_step, p_.taps.tap_step, to + (size_ - 1) * point, -point, taps - 1, live});
    }
    fft_.forward(slot, size_, roots_);
  }

  // Triples [part of the outputs][frequency][channel in], rows of zeros for the lanes beyond the channels.
  int64_t triple_step() const { return 3 * lanes_ * in_lanes_.stride; }
  Scratch<T> taps_spectrum() const {
    const int64_t parts = out_lanes_.parts(), tasks = p_.in_channels * parts;
    Scratch<T> spectrum(parts * size_ * triple_step());
    if (in_lanes_.stride > p_.in_channels) spectrum.zero();
    const int workers = workers_for(tasks, fft_work(tasks, size_, lanes_));
    const Scratch<T> slots(workers * slot_);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      T* const slot = slots.data() + worker * slot_;
      const int64_t part = task / p_.in_channels, channel = task % p_.in_channels;
      transform_taps(channel, part, out_lanes_, slot);
      fft_.triples(slot, size_, false, spectrum.data() + part * size_ * triple_step() + channel * 3 * lanes_,
                   triple_step());
    });
    return spectrum;
  }

  void transform_out(int64_t first, int64_t count, T* slots) const {
    const int64_t tasks = out_lanes_.slots(count);
    const int workers = workers_for(tasks, fft_work(tasks, size_, lanes_));
    const Scratch<T> staging(workers * staging_);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      const int64_t pair = first + task / out_lanes_.parts() * out_lanes_.pairs();
      T* const slot = slots + task * slot_;
      fft_.inverse(slot, size_, roots_);
      out_.scatter(slot, pair, first + count, task % out_lanes_.parts(), scale(), p_.bias,
                   staging.data() + worker * staging_, p_.out);
    });
  }

  // The rows of the pairs that a product reads, (re, im) of each slot one after the other, and those that it writes.
  struct PairRows {
    EvenSplit tiles;
    Scratch<const T*> rows;
    Scratch<T*> sums;
  };
  PairRows place(int64_t count, int height, const T* in, T* out) const {
    const int64_t parts = in_lanes_.parts(), segments = 2 * parts;
    const EvenSplit tiles(count, height);
    PairRows p{tiles, Scratch<const T*>(tiles.parts * segments * kRowPointers),
               Scratch<T*>(tiles.parts * kRowPointers)};
    for (int64_t tile = 0; tile < tiles.parts; ++tile)
      for (int64_t i = 0; i < tiles.size(tile); ++i) {
        const int64_t m = tiles.begin(tile) + i;
        const T* const row =
            in + m / in_lanes_.pairs() * parts * slot_ + m % in_lanes_.pairs() * in_lanes_.stride;
        for (int64_t s = 0; s < segments; ++s)
          p.rows[(tile * segments + s) * kRowPointers + i] = row + s / 2 * slot_ + s % 2 * lanes_;
        p.sums[tile * kRowPointers + i] = out + m / out_lanes_.pairs() * out_lanes_.parts() * slot_ +
                                          m % out_lanes_.pairs() * out_lanes_.stride;
      }
    return p;
  }

  // At each frequency the rows (re, im) of the pairs times the rows ((re, im), (-im, re)) of the kernel. A slot's outputs
  // take both parts at once where they fill its lanes, else one after the other.
  void multiply(int64_t count, const T* spectrum, const T* in, T* out) const {
    const bool both = out_lanes_.pairs() == 1 && gemm_.tile_vectors >= 2;
    const int64_t segments = 2 * in_lanes_.parts(), point = 2 * lanes_;
    const PairRows pairs = place(count, gemm_.tile_heights[both ? 1 : 0], in, out);
    if (count % out_lanes_.pairs() != 0)  // lanes that no pair fills are transformed too
      std::memset(static_cast<void*>(out + (out_lanes_.slots(count) - 1) * slot_), 0,
                  static_cast<size_t>(slot_) * sizeof(T));
    const EvenSplit bins(size_, kBins);
    const int64_t tasks = out_lanes_.parts() * bins.parts;
    const double work = 4.0 * static_cast<double>(count * size_) * static_cast<double>(in_lanes_.stride) *
                        static_cast<double>(out_lanes_.stride);
    const int workers = workers_for(tasks, work);
    const Scratch<const T*> weights(workers * segments);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      const int64_t part = task / bins.parts, range = task % bins.parts;
      const T** const b = weights.data() + worker * segments;
      Tile<T> tile;
      tile.segments = segments;
      tile.length = in_lanes_.width();
      tile.b = b;
      tile.b_step = 3 * lanes_;
      tile.columns = static_cast<int>(both ? point : out_lanes_.width());
      for (int64_t bin = bins.begin(range); bin < bins.begin(range + 1); ++bin) {
        const T* const triples = spectrum + (part * size_ + bin) * triple_step();
        tile.a_offset = bin * point;
        for (int64_t half = 0; half < (both ? 1 : 2); ++half) {
          tile.c_offset = part * slot_ + bin * point + half * lanes_;
          for (int64_t s = 0; s < segments; ++s)
            b[s] = triples + s / 2 * lanes_ * 3 * lanes_ + (half + 1 - s % 2) * lanes_;
          for (int64_t i = 0; i < pairs.tiles.parts; ++i) {
            tile.a = pairs.rows.data() + i * segments * kRowPointers;
            tile.c = pairs.sums.data() + i * kRowPointers;
            gemm_.rows(static_cast<int>(pairs.tiles.size(i)), both ? 2 : 1, tile, {});
          }
        }
      }
    });
  }

  const FftProduct<T>& p_;
};

}  // namespace

template <class T>
void fft_product(const FftProduct<T>& product) {
  const FftProductRun<T> run(product);
  product.lanewise ? run.lanewise() : run.dense();
}

template void fft_product(const FftProduct<float>&);
template void fft_product(const FftProduct<double>&);

}  // namespace foldgate
