// A layer's weights as the forward kernels read them: panels, packed once a call, or once for many (packed.h).
#pragma once
#include "core/scratch.h"
#include "kernels/recurrent.h"
#include "ops/recurrent/recurrent.h"

namespace foldgate {

template <class T>
class PackedPhase {
 public:
  PackedPhase(const RecurrentPlan& plan, const RecurrentKernels<T>& kernels, Phase phase,
              const RecurrentWeights<T>& weights);

  Phase phase() const { return phase_; }
  const PanelWeights<T>& weights() const { return weights_; }
  int64_t panels() const { return panels_; }
  int64_t width() const { return width_; }

 private:
  Phase phase_;
  PanelWeights<T> weights_;
  int64_t panels_, width_;
  Scratch<T> kernel_, recurrent_, bias_, recurrent_bias_;
};

// All phases of the plan's cell, in order.
template <class T>
std::vector<PackedPhase<T>> pack_phases(const RecurrentPlan& plan, const RecurrentKernels<T>& kernels,
                                        const RecurrentWeights<T>& weights);

// recurrent_forward with weights that pack_phases made with the same kernels; arrays.weights is not read.
template <class T>
void packed_forward(const RecurrentPlan& plan, const RecurrentForward<T>& arrays,
                    const RecurrentKernels<T>& kernels, const std::vector<PackedPhase<T>>& phases);
// bidirectional_forward, likewise
template <class T>
void packed_bidirectional_forward(const Directions<RecurrentPlan>& plans,
                                  const Directions<RecurrentForward<T>>& arrays,
                                  const RecurrentKernels<T>& kernels,
                                  const Directions<const std::vector<PackedPhase<T>>*>& phases);

}  // namespace foldgate
