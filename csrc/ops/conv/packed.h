// Weights in the form that a plan's algorithm reads, packed once for many calls. A packed copy knows its form; an
// algorithm that wants another one (another shape, another tier) packs for itself, so that it can never be misread.
#pragma once
#include "core/scratch.h"
#include "ops/conv/plan.h"

namespace foldgate {

// Equal forms of one kernel hold the same numbers.
struct WeightForm {
  enum Kind {
    kPlain,
    kTaps,
    kStrided,
    kPlanar,
    kWinograd23,
    kWinograd43,
    kWinograd25
  };  // kPlain: the kernel itself, nothing is packed
  Kind kind = kPlain;
  int64_t groups = 1;             // after narrow ones are merged
  int64_t cut = 0;                // how the columns are cut into panels, as the kind counts it
  const void* kernels = nullptr;  // the tier's table, whose lanes the panels fit

  bool operator==(const WeightForm& other) const {
    return kind == other.kind && groups == other.groups && cut == other.cut && kernels == other.kernels;
  }
};

template <class T>
struct PackedWeights {
  WeightForm form;
  Scratch<T> data;
};

// The form that conv_forward wants for the plan, at the active tier.
template <class T>
WeightForm weight_form(const ConvPlan& plan);
// The plan's kernel in that form; data is empty for kPlain.
template <class T>
PackedWeights<T> pack_weights(const ConvPlan& plan, const T* kernel);

}  // namespace foldgate
