#include "ops/recurrent/gate_columns.h"

namespace foldgate {

GateColumns columns_of(Cell cell) {
  switch (cell) {
    case Cell::kLstm: return {4, {{0, 4}}, 0, 4};
    case Cell::kGru: return {4, {{2, 1}, {0, 2}}, 1, 3};
    case Cell::kGruBefore: return {3, {{0, 3}}, 0, 2};
    default: return {1, {{0, 1}}, 0, 1};
  }
}

template <class T>
std::vector<WeightGradient<T>> weight_gradients_of(const RecurrentPlan& plan, const RecurrentBackward<T>& a,
                                                   const SeenFeatures<T>& seen) {
  const int64_t u = plan.units, columns = plan.gates() * u;
  const WeightTarget<T> x{seen.x, a.dkernel, a.dbias};
  const WeightTarget<T> h{seen.h, a.drecurrent_kernel, a.dbias ? a.dbias + columns : nullptr};
  const WeightTarget<T> reset{seen.reset_h, a.drecurrent_kernel, nullptr};
  switch (plan.options.cell) {
    case Cell::kGru: return {{u, 0, 2 * u, {x, h}}, {0, 2 * u, u, {x}}, {3 * u, 2 * u, u, {h}}};
    case Cell::kGruBefore: return {{0, 0, 2 * u, {x, h}}, {2 * u, 2 * u, u, {x, reset}}};
    default: return {{0, 0, columns, {x, h}}};
  }
}

template std::vector<WeightGradient<float>> weight_gradients_of(const RecurrentPlan&,
                                                                const RecurrentBackward<float>&,
                                                                const SeenFeatures<float>&);
template std::vector<WeightGradient<double>> weight_gradients_of(const RecurrentPlan&,
                                                                 const RecurrentBackward<double>&,
                                                                 const SeenFeatures<double>&);

}  // namespace foldgate
