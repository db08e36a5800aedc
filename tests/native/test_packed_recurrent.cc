// ops/recurrent/packed on every tier: steps flush against guard pages, with the bits of the sequence.
#include "ops/recurrent/packed.h"

#include <algorithm>

#include "check.h"
#include "recurrent_problem.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Guarded;

// A loop of steps over all rows, from copies of every operand against a guard page; whether it has the sequence's bits.
template <class T>
bool same_bits(const test::RecurrentCase& c) {
  test::RecurrentProblem<T> p(c);
  p.forward();
  const PackedRecurrent<T> packed(p.plan, p.weights(), kernels<T>().recurrent);
  const int64_t state = c.batch * c.units;
  Guarded<T> h(state, c.flush), next_h(state, c.flush), cell(state, c.flush), next_c(state, c.flush);
  Guarded<T> x(c.batch * c.inputs, c.flush);
  std::copy(p.h0.begin(), p.h0.end(), h.begin());
  std::copy(p.c0.begin(), p.c0.end(), cell.begin());
  bool same = true;
  for (int64_t i = 0; i < c.steps; ++i) {
    const int64_t t = c.reverse ? c.steps - 1 - i : i;
    for (int64_t n = 0; n < c.batch; ++n)
      std::copy_n(p.x.data() + (n * c.steps + t) * c.inputs, c.inputs, x.data() + n * c.inputs);
    packed.step(c.batch, PackedStep<T>{x.data(), h.data(), p.lstm() ? cell.data() : nullptr, next_h.data(),
                                       p.lstm() ? next_c.data() : nullptr});
    for (int64_t n = 0; n < c.batch; ++n)
      same = same && std::equal(next_h.data() + n * c.units, next_h.data() + (n + 1) * c.units,
                                p.y.data() + (n * c.steps + t) * c.units);
    std::copy(next_h.begin(), next_h.end(), h.begin());
    if (p.lstm()) std::copy(next_c.begin(), next_c.end(), cell.begin());
  }
  return same && (!p.lstm() || std::equal(cell.begin(), cell.end(), p.cell.begin()));
}

TEST(packed_recurrent, steps_have_the_bits_of_the_sequence) {
  test::on_every_tier([] {
    for (test::RecurrentCase c : test::recurrent_cases<float>()) {
      c.masked = false;
      CHECK(same_bits<float>(c));
    }
    for (test::RecurrentCase c : test::recurrent_cases<double>()) {
      c.masked = false;
      CHECK(same_bits<double>(c));
    }
  });
}

TEST(packed_recurrent, sequences_take_the_same_panels) {
  test::on_every_tier([] {
    for (const test::RecurrentCase& c : test::recurrent_cases<float>()) {
      test::RecurrentProblem<float> p(c);
      p.forward();
      const PackedRecurrent<float> packed(p.plan, p.weights(), kernels<float>().recurrent);
      Guarded<float> y(p.y.size(), c.flush), h(p.h.size(), c.flush), cell(p.h.size(), c.flush);
      RecurrentForward<float> a;
      a.x = p.x.data();
      a.initial_h = p.h0.data();
      a.initial_c = p.lstm() ? p.c0.data() : nullptr;
      a.y = y.data();
      a.h = h.data();
      a.c = p.lstm() ? cell.data() : nullptr;
      packed.forward(p.plan, a);
      CHECK(std::equal(y.begin(), y.end(), p.y.begin()) && std::equal(h.begin(), h.end(), p.h.begin()));
    }
  });
}

}  // namespace
}  // namespace foldgate
