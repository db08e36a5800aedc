#include "ops/conv/winograd_product.h"

#include "ops/conv/group_slabs.h"
#include "ops/conv/winograd.h"
#include "ops/conv/winograd_stages.h"

namespace foldgate {

template <class T>
WeightForm::Kind winograd_kind(const WinogradProduct<T>& p) {
  if (p.taps.edge == 5) return WeightForm::kWinograd25;
  const TileGrid tiles(p.batch, p.out.height, p.out.width, 4, p.spacing);
  const int64_t bytes = 36 * p.in.channels / p.groups * p.out.channels * static_cast<int64_t>(sizeof(T));
  const bool small = tiles.count * p.out.depth < kWinogradTiles && bytes > kWinogradKeptBytes;
  return small ? WeightForm::kWinograd23 : WeightForm::kWinograd43;
}

namespace {

template <class T>
WinogradProduct<T> slab_of(const WinogradProduct<T>& p, int64_t first, int64_t groups) {
  WinogradProduct<T> slab = p;
  const int64_t k = p.in.channels / p.groups, n = p.out.channels / p.groups;
  slab.groups = groups;
  slab.in = p.in.slice(first * k, groups * k);
  slab.out = p.out.slice(first * n, groups * n);
  slab.taps.data += first * p.taps.group_step;
  if (p.bias) slab.bias += first * n;
  slab.first_group = first;
  return slab;
}

template <class T>
void run(const WinogradProduct<T>& p, WeightForm::Kind kind) {
  WinogradStages<T> stages(p, winograd_of(kernels<T>(), kind));
  winograd_columns_pay(stages) ? winograd_by_columns(stages) : winograd_by_tiles(stages);
}

}  // namespace

template <class T>
void winograd_product(const WinogradProduct<T>& p) {
  const WeightForm::Kind kind = p.packed ? p.packed->form.kind : winograd_kind(p);
  if (p.groups == 1) return run(p, kind);
  const double outputs = static_cast<double>(p.batch * p.out.channel_step());
  const int64_t k = p.in.channels / p.groups, n = p.out.channels / p.groups;
  const double transforms =
      p.packed ? 0 : static_cast<double>(36 * p.depth.taps * k) * kValueWork / 2;  // of weights, as pack()
  const double work = (outputs * (static_cast<double>(p.depth.taps * k) + kValueWork) + transforms) *
                      static_cast<double>(p.out.channels);
  for_each_slab(p.groups, std::max(k, n), work,
                [&](int64_t first, int64_t groups, bool) { run(slab_of(p, first, groups), kind); });
}

template <class T>
PackedWeights<T> winograd_pack(const WinogradProduct<T>& product, const WeightForm& form) {
  return {form, WinogradStages<T>(product, winograd_of(kernels<T>(), form.kind)).pack()};
}

template WeightForm::Kind winograd_kind(const WinogradProduct<float>&);
template WeightForm::Kind winograd_kind(const WinogradProduct<double>&);
template void winograd_product(const WinogradProduct<float>&);
template void winograd_product(const WinogradProduct<double>&);
template PackedWeights<float> winograd_pack(const WinogradProduct<float>&, const WeightForm&);
template PackedWeights<double> winograd_pack(const WinogradProduct<double>&, const WeightForm&);

}  // namespace foldgate
