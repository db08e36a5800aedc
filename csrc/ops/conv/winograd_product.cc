#include "ops/conv/winograd_product.h"

#include "ops/conv/winograd.h"
#include "ops/conv/winograd_stages.h"

namespace foldgate {

template <class T>
WeightForm::Kind winograd_kind(const WinogradProduct<T>& p) {
  if (p.taps.edge == 5) return WeightForm::kWinograd25;
  const TileGrid tiles(p.batch, p.out.height, p.out.width, 4, p.spacing);
  const int64_t bytes = 36 * p.in.channels * p.out.channels * static_cast<int64_t>(sizeof(T));
  const bool small = tiles.count < kWinogradTiles && bytes > kWinogradKeptBytes;
  return small ? WeightForm::kWinograd23 : WeightForm::kWinograd43;
}

template <class T>
void winograd_product(const WinogradProduct<T>& p) {
  WinogradStages<T> stages(p, winograd_of(kernels<T>(), p.packed ? p.packed->form.kind : winograd_kind(p)));
  winograd_columns_pay(stages) ? winograd_by_columns(stages) : winograd_by_tiles(stages);
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
