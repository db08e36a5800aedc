#include "ops/recurrent/pack.h"

#include "core/check.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

// The input bias as the products begin from it, (G U,): with what the recurrent bias adds to z and r, whose two
// products are summed up anyway.
template <class T>
Scratch<T> starting_bias(const RecurrentPlan& plan, const T* bias) {
  const int64_t columns = plan.gates() * plan.units;
  Scratch<T> start(columns);
  start.zero();
  if (!bias) return start;
  for (int64_t j = 0; j < columns; ++j) start[j] = bias[j];
  if (plan.options.cell == Cell::kGru)
    for (int64_t j = 0; j < 2 * plan.units; ++j) start[j] += bias[columns + j];
  return start;
}

}  // namespace

std::vector<Phase> phases_of(Cell cell) {
  switch (cell) {
    case Cell::kLstm: return {Phase::kLstm};
    case Cell::kGru: return {Phase::kGru};
    case Cell::kGruBefore: return {Phase::kGruGates, Phase::kGruCandidate};
    case Cell::kTanh: return {Phase::kTanh};
    case Cell::kRelu: break;
  }
  return {Phase::kRelu};
}

template <class T>
PackedPhase<T>::PackedPhase(const RecurrentPlan& plan, const RecurrentKernels<T>& kernels, Phase phase,
                            const RecurrentWeights<T>& weights)
    : phase_(phase) {
  weights_.inputs = plan.inputs;
  weights_.units = plan.units;
  weights_.vectors = kernels.panel_vectors(phase, plan.units);
  panels_ = plan.vectors() / weights_.vectors;
  width_ = int64_t{weights_.vectors} * kPhaseGates[static_cast<int>(phase)] * plan.lanes;
  kernel_ = Scratch<T>(panels_ * width_ * plan.inputs);
  recurrent_ = Scratch<T>(panels_ * width_ * plan.units);
  bias_ = Scratch<T>(panels_ * width_);
  recurrent_bias_ = Scratch<T>(panels_ * width_);

  const int64_t columns = plan.gates() * plan.units;
  const auto pack = [&](const T* source, int64_t depth, int64_t begin, int64_t end, T* panels) {
    kernels.pack_panels(phase, weights_.vectors, source, columns, depth, plan.units, begin, end, panels);
  };
  const Scratch<T> start = starting_bias(plan, weights.bias);
  pack(start.data(), 1, 0, panels_, bias_.data());
  const bool two_biases = weights.bias && plan.options.cell == Cell::kGru;
  if (two_biases)
    pack(weights.bias + columns, 1, 0, panels_, recurrent_bias_.data());
  else
    recurrent_bias_.zero();

  const int64_t tasks = std::min<int64_t>(panels_, 16);
  parallel_for(tasks, workers_for(tasks, kValueWork * (plan.inputs + plan.units) * columns),
               [&](int64_t task, int) {
                 const int64_t begin = panels_ * task / tasks, end = panels_ * (task + 1) / tasks;
                 pack(weights.kernel, plan.inputs, begin, end, kernel_.data());
                 pack(weights.recurrent_kernel, plan.units, begin, end, recurrent_.data());
               });
  weights_.kernel = kernel_.data();
  weights_.recurrent = recurrent_.data();
  weights_.bias = bias_.data();
  weights_.recurrent_bias = recurrent_bias_.data();
}

template <class T>
std::vector<PackedPhase<T>> pack_phases(const RecurrentPlan& plan, const RecurrentKernels<T>& kernels,
                                        const RecurrentWeights<T>& weights) {
  std::vector<PackedPhase<T>> phases;
  for (const Phase phase : phases_of(plan.options.cell)) phases.emplace_back(plan, kernels, phase, weights);
  return phases;
}

template std::vector<PackedPhase<float>> pack_phases(const RecurrentPlan&, const RecurrentKernels<float>&,
                                                     const RecurrentWeights<float>&);
template std::vector<PackedPhase<double>> pack_phases(const RecurrentPlan&, const RecurrentKernels<double>&,
                                                      const RecurrentWeights<double>&);
template class PackedPhase<float>;
template class PackedPhase<double>;

}  // namespace foldgate
