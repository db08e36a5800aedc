// ops/recurrent on every tier, for float and double: every operand flush against a guard page; the outputs by the gates'
// definition, the gradients by finite differences, the single steps against the sequences.
#include <algorithm>
#include <cmath>
#include <vector>

#include "check.h"
#include "core/thread_pool.h"
#include "ops/recurrent/step.h"
#include "recurrent_problem.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Guarded;
using test::RecurrentCase;
using test::RecurrentProblem;

template <class T>
void by_the_definition() {
  for (const RecurrentCase& c : test::recurrent_cases<T>()) {
    RecurrentProblem<T> p(c);
    p.forward();
    CHECK_LE(test::forward_error(p), 200 * std::numeric_limits<T>::epsilon());
  }
}

TEST(recurrent, outputs_follow_the_definition) {
  test::on_every_tier([] {
    by_the_definition<float>();
    by_the_definition<double>();
  });
}

// The loss along a random direction of one operand, against the inner product with its gradient.
double gradient_error(RecurrentProblem<double>& p, Guarded<double>& operand,
                      const Guarded<double>& gradient) {
  constexpr double kStep = 1e-5;
  test::Random random(3);
  const std::vector<double> before(operand.begin(), operand.end());
  std::vector<double> direction(before.size());
  double analytic = 0, norm = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    direction[i] = random.uniform(-1, 1);
    if (std::isnan(before[i])) CHECK_EQ(gradient[static_cast<int64_t>(i)], 0.0);  // masked x
    analytic += direction[i] * gradient[static_cast<int64_t>(i)];
    norm += std::fabs(direction[i] * gradient[static_cast<int64_t>(i)]);
  }
  double loss[2];
  for (int side = 0; side < 2; ++side) {
    for (size_t i = 0; i < before.size(); ++i)
      operand[static_cast<int64_t>(i)] = before[i] + (side ? kStep : -kStep) * direction[i];
    loss[side] = p.loss();
  }
  std::copy(before.begin(), before.end(), operand.begin());
  p.loss();
  return std::fabs((loss[1] - loss[0]) / (2 * kStep) - analytic) / (norm + 1);
}

TEST(recurrent, gradients_follow_finite_differences) {
  test::on_every_tier([] {
    for (const RecurrentCase& c : test::recurrent_cases<double>()) {
      if (c.cell == Cell::kRelu) continue;  // a kink may lie between the two sides
      RecurrentProblem<double> p(c);
      p.forward();
      p.backward();
      CHECK_LE(gradient_error(p, p.x, p.dx), 1e-7);
      CHECK_LE(gradient_error(p, p.kernel, p.dkernel), 1e-7);
      CHECK_LE(gradient_error(p, p.recurrent, p.drecurrent), 1e-7);
      CHECK_LE(gradient_error(p, p.bias, p.dbias), 1e-7);
      CHECK_LE(gradient_error(p, p.h0, p.dh0), 1e-7);
      if (p.lstm()) CHECK_LE(gradient_error(p, p.c0, p.dc0), 1e-7);
    }
  });
}

// float and relu: nothing is touched beyond either end, everything is written.
template <class T>
void backward_inside_the_guards() {
  for (const RecurrentCase& c : test::recurrent_cases<T>()) {
    RecurrentProblem<T> p(c);
    p.forward();
    p.backward();
    for (const Guarded<T>* each : {&p.dx, &p.dkernel, &p.drecurrent, &p.dbias, &p.dh0})
      for (int64_t i = 0; i < each->size(); ++i) CHECK(std::isfinite((*each)[i]) && (*each)[i] != T(99));
  }
}

TEST(recurrent, backward_stays_inside_its_arrays) {
  test::on_every_tier([] {
    backward_inside_the_guards<float>();
    backward_inside_the_guards<double>();
  });
}

template <class T>
double step_error(const RecurrentCase& c) {
  RecurrentProblem<T> p(c);
  p.forward();
  p.backward();
  const int64_t size = step_cache_size(p.plan);
  Guarded<T> cache(size), h(p.h.size()), cell(p.h.size());
  recurrent_step(
      p.plan, StepForward<T>{p.x.data(), p.h0.data(), p.lstm() ? p.c0.data() : nullptr, p.weights(), h.data(),
                             p.lstm() ? cell.data() : nullptr, cache.data()});
  Guarded<T> dh(p.dh.size()), dx(p.dx.size()), dkernel(p.dkernel.size()), drecurrent(p.drecurrent.size()),
      dbias(p.dbias.size()), dh0(p.dh0.size()), dc0(p.dh0.size());
  for (int64_t i = 0; i < dh.size(); ++i) dh[i] = p.dh[i] + p.dy[i];
  recurrent_step_backward(p.plan, StepBackward<T>{dh.data(), p.lstm() ? p.dc.data() : nullptr, p.x.data(),
                                                  p.h0.data(), p.lstm() ? p.c0.data() : nullptr, p.weights(),
                                                  cache.data(), dx.data(), dkernel.data(), drecurrent.data(),
                                                  dbias.data(), dh0.data(), p.lstm() ? dc0.data() : nullptr});
  double worst = 0;
  const auto compare = [&](const Guarded<T>& a, const Guarded<T>& b) {
    for (int64_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(double(a[i]) - double(b[i])));
  };
  compare(h, p.h), compare(dx, p.dx), compare(dkernel, p.dkernel), compare(drecurrent, p.drecurrent);
  compare(dbias, p.dbias), compare(dh0, p.dh0);
  if (p.lstm()) compare(cell, p.cell), compare(dc0, p.dc0);
  return worst;
}

TEST(recurrent, steps_are_sequences_of_one) {
  test::on_every_tier([] {
    for (Cell cell : test::kCells)
      for (int64_t units : {1, 7, 16, 33}) {
        CHECK_LE(step_error<float>({cell, 5, 1, 3, units}), 300 * std::numeric_limits<float>::epsilon());
        CHECK_LE(step_error<double>({cell, 5, 1, 3, units}), 300 * std::numeric_limits<double>::epsilon());
      }
  });
}

}  // namespace
}  // namespace foldgate
