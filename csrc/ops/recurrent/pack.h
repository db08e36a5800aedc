// A call's weights as the forward kernels read them: panels, packed once a call.
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

}  // namespace foldgate
