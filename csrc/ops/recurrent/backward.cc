#include <algorithm>

#include "core/check.h"
#include "ops/recurrent/backward_pass.h"

namespace foldgate {

template <class T>
void recurrent_backward(const RecurrentPlan& plan, const RecurrentBackward<T>& arrays) {
  StopFlag stop;
  BackwardPass<T>(plan, arrays, get_num_threads(), stop).run();
  stop.check();
}

// Each direction has a dx of its own, whatever the threads, and they are added at the end.
template <class T>
void bidirectional_backward(const Directions<RecurrentPlan>& plans,
                            const Directions<RecurrentBackward<T>>& arrays) {
  const RecurrentPlan& plan = plans[0];
  const int64_t size = arrays[0].dx ? plan.batch * plan.steps * plan.inputs : 0;
  const Scratch<T> second_dx(size);
  RecurrentBackward<T> second_arrays = arrays[1];
  second_arrays.dx = size ? second_dx.data() : nullptr;
  const DirectionSplit split = DirectionSplit::make(plan, 3);
  StopFlag stop;
  BackwardPass<T> first(plan, arrays[0], split.threads, stop, split.workers);
  BackwardPass<T> second(plans[1], second_arrays, split.threads, stop, split.workers);
  if (split.workers == 1) {
    first.run();
    second.run();
  } else {
    first.begin();
    second.begin();
    run_rounds<BackwardPass<T>>({&first, &second}, split.workers, stop);
    first.end();
    second.end();
  }
  stop.check();
  constexpr int64_t kPiece = 1 << 15;
  const int64_t pieces = ceil_div(size, kPiece);
  parallel_for(pieces, workers_for(pieces, kValueWork * static_cast<double>(size)), [&](int64_t piece, int) {
    const int64_t begin = piece * kPiece;
    kernels<T>().recurrent.add(arrays[0].dx + begin, second_dx.data() + begin,
                               std::min(kPiece, size - begin));
  });
}

template void recurrent_backward(const RecurrentPlan&, const RecurrentBackward<float>&);
template void recurrent_backward(const RecurrentPlan&, const RecurrentBackward<double>&);
template void bidirectional_backward(const Directions<RecurrentPlan>&,
                                     const Directions<RecurrentBackward<float>>&);
template void bidirectional_backward(const Directions<RecurrentPlan>&,
                                     const Directions<RecurrentBackward<double>>&);

}  // namespace foldgate
