// ops/recurrent/generic on every tier, every operand flush against a guard page: with the default functions it is what
// the fused path is, forward and backward; with all options on nothing beyond an array is touched.
#include <limits>

#include "check.h"
#include "ops/recurrent/generic.h"
#include "recurrent_problem.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Guarded;
using test::RecurrentCase;
using test::RecurrentProblem;

GateFunctions functions_of(Cell cell) {
  GateFunctions f;
  f.gate.kind = GateKind::kSigmoid;
  f.candidate.kind = f.output.kind = GateKind::kTanh;
  if (cell == Cell::kTanh) f.gate.kind = GateKind::kTanh;
  if (cell == Cell::kRelu) f.gate.kind = GateKind::kRelu;
  f.clip = std::numeric_limits<double>::infinity();
  return f;
}

template <class T>
GenericPlan plan_of(const RecurrentProblem<T>& p, const GateFunctions& functions, int64_t outputs) {
  const RecurrentCase& c = p.c;
  const Cell cell = c.cell == Cell::kRelu ? Cell::kTanh : c.cell;
  return GenericPlan::make({"test", cell, c.reverse, false}, functions, {c.batch, c.steps, c.inputs},
                           {c.inputs, p.gates * c.units}, {outputs ? outputs : c.units, p.gates * c.units},
                           outputs ? Extents{c.units, outputs} : Extents{}, p.mask.get(), nullptr);
}

template <class T>
double difference(const Guarded<T>& a, const Guarded<T>& b) {
  double worst = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    const double error = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    worst = std::isnan(error) ? 1e30 : std::max(worst, error);
  }
  return worst;
}

template <class T>
double error_against_the_fused(const RecurrentCase& c) {
  RecurrentProblem<T> fused(c), p(c);
  fused.forward();
  fused.backward();
  const GenericPlan plan = plan_of(p, functions_of(c.cell), 0);
  Guarded<T> cache(plan.cache_size(), c.flush);
  const bool lstm = p.lstm();
  const T* const no_state = nullptr;
  generic_forward(plan,
                  GenericForward<T>{{p.x.data(), p.weights(), p.h0.data(), lstm ? p.c0.data() : no_state,
                                     p.y.data(), p.h.data(), lstm ? p.cell.data() : nullptr, cache.data()},
                                    nullptr,
                                    nullptr});
  generic_backward(
      plan, GenericBackward<T>{
                {p.dy.data(), p.dh.data(), lstm ? p.dc.data() : no_state, p.x.data(), p.weights(), p.y.data(),
                 cache.data(), p.h0.data(), lstm ? p.c0.data() : no_state, p.dx.data(), p.dkernel.data(),
                 p.drecurrent.data(), p.dbias.data(), p.dh0.data(), lstm ? p.dc0.data() : nullptr},
                nullptr,
                nullptr,
                nullptr,
                nullptr});
  double worst = lstm ? std::max(difference(p.cell, fused.cell), difference(p.dc0, fused.dc0)) : 0;
  for (double error : {difference(p.y, fused.y), difference(p.h, fused.h), difference(p.dx, fused.dx),
                       difference(p.dkernel, fused.dkernel), difference(p.drecurrent, fused.drecurrent),
                       difference(p.dbias, fused.dbias), difference(p.dh0, fused.dh0)})
    worst = std::max(worst, error);
  return worst;
}

TEST(generic_recurrent, the_default_functions_are_the_fused_cells) {
  test::on_every_tier([] {
    for (const RecurrentCase& c : test::recurrent_cases<float>())
      CHECK_LE(error_against_the_fused<float>(c), 1000 * std::numeric_limits<float>::epsilon());
    for (const RecurrentCase& c : test::recurrent_cases<double>())
      CHECK_LE(error_against_the_fused<double>(c), 1000 * std::numeric_limits<double>::epsilon());
  });
}

// An LSTM with peepholes, projection, clip and coupled gates: finite everywhere, inside its arrays.
template <class T>
void all_options(const RecurrentCase& c) {
  RecurrentProblem<T> p(c);
  GateFunctions functions = functions_of(c.cell);
  functions.clip = 0.7;
  functions.coupled = true;
  const int64_t outputs = c.units + 3;
  const GenericPlan plan = plan_of(p, functions, outputs);
  const int64_t state = c.batch * outputs, sequence = state * c.steps, columns = 4 * c.units;
  Guarded<T> recurrent(outputs * columns, c.flush, T(0.1)), h0(state, c.flush, T(0.3)),
      y(sequence, c.flush, T(99)), h(state, c.flush, T(99)), peephole(3 * c.units, c.flush, T(0.2)),
      projection(c.units * outputs, c.flush, T(0.1)), cache(plan.cache_size(), c.flush);
  const RecurrentWeights<T> weights{p.kernel.data(), recurrent.data(), p.bias.data()};
  generic_forward(plan, GenericForward<T>{{p.x.data(), weights, h0.data(), p.c0.data(), y.data(), h.data(),
                                           p.cell.data(), cache.data()},
                                          peephole.data(),
                                          projection.data()});
  Guarded<T> dy(sequence, c.flush, T(1)), dh(state, c.flush, T(1)),
      drecurrent(recurrent.size(), c.flush, T(99)), dh0(state, c.flush, T(99)),
      dpeephole(peephole.size(), c.flush, T(99)), dprojection(projection.size(), c.flush, T(99));
  generic_backward(plan,
                   GenericBackward<T>{{dy.data(), dh.data(), p.dc.data(), p.x.data(), weights, y.data(),
                                       cache.data(), h0.data(), p.c0.data(), p.dx.data(), p.dkernel.data(),
                                       drecurrent.data(), p.dbias.data(), dh0.data(), p.dc0.data()},
                                      peephole.data(),
                                      projection.data(),
                                      dpeephole.data(),
                                      dprojection.data()});
  for (const Guarded<T>* each :
       {&y, &h, &p.cell, &p.dx, &p.dkernel, &drecurrent, &p.dbias, &dh0, &p.dc0, &dpeephole, &dprojection})
    for (int64_t i = 0; i < each->size(); ++i) CHECK(std::isfinite((*each)[i]) && (*each)[i] != T(99));
}

TEST(generic_recurrent, all_options_stay_inside_their_arrays) {
  test::on_every_tier([] {
    for (const RecurrentCase& c : test::recurrent_cases<float>())
      if (c.cell == Cell::kLstm) all_options<float>(c);
    for (const RecurrentCase& c : test::recurrent_cases<double>())
      if (c.cell == Cell::kLstm) all_options<double>(c);
  });
}

}  // namespace
}  // namespace foldgate
