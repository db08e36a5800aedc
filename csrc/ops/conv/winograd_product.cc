#include "ops/conv/winograd_product.h"

#include "ops/conv/winograd_stages.h"

namespace foldgate {

template <class T>
void winograd_product(const WinogradProduct<T>& p) {
  const Kernels<T>& table = kernels<T>();
  WinogradStages<T> stages(p, p.packed ? winograd_of(table, p.packed->form)
                                       : winograd_of(table, p.batch, p.out.height, p.out.width));
  winograd_columns_pay(stages) ? winograd_by_columns(stages) : winograd_by_tiles(stages);
}

template <class T>
PackedWeights<T> winograd_pack(const WinogradProduct<T>& product, const WeightForm& form) {
  return {form, WinogradStages<T>(product, winograd_of(kernels<T>(), form)).pack()};
}

template void winograd_product(const WinogradProduct<float>&);
template void winograd_product(const WinogradProduct<double>&);
template PackedWeights<float> winograd_pack(const WinogradProduct<float>&, const WeightForm&);
template PackedWeights<double> winograd_pack(const WinogradProduct<double>&, const WeightForm&);

}  // namespace foldgate
