#include "kernels/table.h"
#include "ops/recurrent/forward_pass.h"

namespace foldgate {

template <class T>
void recurrent_forward(const RecurrentPlan& plan, const RecurrentForward<T>& arrays) {
  const RecurrentKernels<T>& table = kernels<T>().recurrent;
  packed_forward(plan, arrays, table, pack_phases(plan, table, arrays.weights));
}

template <class T>
void packed_forward(const RecurrentPlan& plan, const RecurrentForward<T>& arrays,
                    const RecurrentKernels<T>& kernels, const std::vector<PackedPhase<T>>& phases) {
  StopFlag stop;
  ForwardPass<T>(plan, arrays, kernels, phases, get_num_threads(), stop).run();
  stop.check();
}

template <class T>
void bidirectional_forward(const Directions<RecurrentPlan>& plans,
                           const Directions<RecurrentForward<T>>& arrays) {
  const RecurrentKernels<T>& table = kernels<T>().recurrent;
  const auto first = pack_phases(plans[0], table, arrays[0].weights);
  const auto second = pack_phases(plans[1], table, arrays[1].weights);
  packed_bidirectional_forward(plans, arrays, table, {&first, &second});
}

template <class T>
void packed_bidirectional_forward(const Directions<RecurrentPlan>& plans,
                                  const Directions<RecurrentForward<T>>& arrays,
                                  const RecurrentKernels<T>& kernels,
                                  const Directions<const std::vector<PackedPhase<T>>*>& phases) {
  const DirectionSplit split = DirectionSplit::make(plans[0], 1);
  StopFlag stop;
  ForwardPass<T> first(plans[0], arrays[0], kernels, *phases[0], split.threads, stop);
  ForwardPass<T> second(plans[1], arrays[1], kernels, *phases[1], split.threads, stop);
  if (split.workers == 1) {
    first.run();
    second.run();
  } else {
    first.begin();
    second.begin();
    const int64_t rows = plans[0].batch;
    SharedRows(plans[0], {{0, 0, rows, 0}, {1, 0, rows, 0}})
        .run(split.workers, [&](const RowShare& share, int worker) {
          return (share.pass == 0 ? first : second).run_rows(share, worker);
        });
    first.end();
    second.end();
  }
  stop.check();
}

template void recurrent_forward(const RecurrentPlan&, const RecurrentForward<float>&);
template void recurrent_forward(const RecurrentPlan&, const RecurrentForward<double>&);
template void bidirectional_forward(const Directions<RecurrentPlan>&,
                                    const Directions<RecurrentForward<float>>&);
template void bidirectional_forward(const Directions<RecurrentPlan>&,
                                    const Directions<RecurrentForward<double>>&);
template void packed_forward(const RecurrentPlan&, const RecurrentForward<float>&,
                             const RecurrentKernels<float>&, const std::vector<PackedPhase<float>>&);
template void packed_forward(const RecurrentPlan&, const RecurrentForward<double>&,
                             const RecurrentKernels<double>&, const std::vector<PackedPhase<double>>&);

template void packed_bidirectional_forward(const Directions<RecurrentPlan>&,
                                           const Directions<RecurrentForward<float>>&,
                                           const RecurrentKernels<float>&,
                                           const Directions<const std::vector<PackedPhase<float>>*>&);
template void packed_bidirectional_forward(const Directions<RecurrentPlan>&,
                                           const Directions<RecurrentForward<double>>&,
                                           const RecurrentKernels<double>&,
                                           const Directions<const std::vector<PackedPhase<double>>*>&);

}  // namespace foldgate
