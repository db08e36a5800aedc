// Both directions of a layer: the bits of two passes, side by side in rows of 2 U, on one thread and on two, every
// operand flush against a guard page.
#include <algorithm>

#include "check.h"
#include "core/thread_pool.h"
#include "recurrent_problem.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Guarded;
using test::RecurrentCase;
using test::RecurrentProblem;

// [rows][2 U] of two arrays [rows][U]
template <class T>
void join(const Guarded<T>& left, const Guarded<T>& right, int64_t units, Guarded<T>& target) {
  for (int64_t i = 0; i < left.size(); ++i) {
    target[i / units * 2 * units + i % units] = left[i];
    target[i / units * 2 * units + units + i % units] = right[i];
  }
}

template <class T>
void check_joined(const Guarded<T>& left, const Guarded<T>& right, int64_t units, const Guarded<T>& joined) {
  for (int64_t i = 0; i < left.size(); ++i) {
    CHECK_EQ(joined[i / units * 2 * units + i % units], left[i]);
    CHECK_EQ(joined[i / units * 2 * units + units + i % units], right[i]);
  }
}

template <class T>
void check_equal(const Guarded<T>& a, const Guarded<T>& b) {
  CHECK(std::equal(a.data(), a.data() + a.size(), b.data(), b.data() + b.size()));
}

// The problem of each direction with the same x, and both at once.
template <class T>
void compare(RecurrentCase c, int threads) {
  c.reverse = false;
  RecurrentProblem<T> forward(c);
  c.reverse = true;
  RecurrentProblem<T> reverse(c);
  for (T& value : reverse.recurrent) value = -value;
  for (RecurrentProblem<T>* p : {&forward, &reverse}) {
    p->forward();
    p->backward();
  }
  const int64_t u = c.units, sequence = 2 * forward.y.size(), state = 2 * forward.h.size();
  Guarded<T> h0(state, c.flush), c0(state, c.flush), dy(sequence, c.flush), dh(state, c.flush),
      dc(state, c.flush), y(sequence, c.flush, T(99)), h(state, c.flush, T(99)), cell(state, c.flush, T(99)),
      dh0(state, c.flush, T(99)), dc0(state, c.flush, T(99)), dx(forward.x.size(), c.flush, T(99));
  join(forward.h0, reverse.h0, u, h0), join(forward.c0, reverse.c0, u, c0);
  join(forward.dy, reverse.dy, u, dy), join(forward.dh, reverse.dh, u, dh),
      join(forward.dc, reverse.dc, u, dc);

  Directions<RecurrentPlan> plans{forward.plan, reverse.plan};
  Directions<RecurrentForward<T>> f;
  Directions<RecurrentBackward<T>> b;
  Directions<RecurrentProblem<T>*> problems{&forward, &reverse};
  const auto like = [&](const Guarded<T>& other) { return Guarded<T>(other.size(), c.flush, T(99)); };
  Guarded<T> kernels[] = {like(forward.kernel), like(forward.kernel)};
  Guarded<T> recurrents[] = {like(forward.recurrent), like(forward.recurrent)};
  Guarded<T> biases[] = {like(forward.bias), like(forward.bias)};
  for (int d = 0; d < 2; ++d) {
    RecurrentProblem<T>& p = *problems[d];
    const bool lstm = p.lstm();
    plans[d].options.side_by_side = true;
    f[d] = {p.x.data(),
            p.weights(),
            h0.data() + d * u,
            lstm ? c0.data() + d * u : nullptr,
            y.data() + d * u,
            h.data() + d * u,
            lstm ? cell.data() + d * u : nullptr,
            p.cache.data()};
    b[d] = {dy.data() + d * u, dh.data() + d * u,  lstm ? dc.data() + d * u : nullptr,
            p.x.data(),        p.weights(),        y.data() + d * u,
            p.cache.data(),    h0.data() + d * u,  lstm ? c0.data() + d * u : nullptr,
            dx.data(),         kernels[d].data(),  recurrents[d].data(),
            biases[d].data(),  dh0.data() + d * u, lstm ? dc0.data() + d * u : nullptr};
  }
  const int before = get_num_threads();
  set_num_threads(threads);
  bidirectional_forward(plans, f);
  bidirectional_backward(plans, b);
  set_num_threads(before);

  check_joined(forward.y, reverse.y, u, y);
  check_joined(forward.h, reverse.h, u, h);
  check_joined(forward.dh0, reverse.dh0, u, dh0);
  if (forward.lstm()) check_joined(forward.cell, reverse.cell, u, cell);
  if (forward.lstm()) check_joined(forward.dc0, reverse.dc0, u, dc0);
  for (int d = 0; d < 2; ++d) {
    check_equal(problems[d]->dkernel, kernels[d]);
    check_equal(problems[d]->drecurrent, recurrents[d]);
    check_equal(problems[d]->dbias, biases[d]);
  }
  for (int64_t i = 0; i < dx.size(); ++i) CHECK_EQ(dx[i], forward.dx[i] + reverse.dx[i]);
}

TEST(bidirectional, gives_the_bits_of_two_passes) {
  test::on_every_tier([] {
    for (const RecurrentCase& c : test::recurrent_cases<float>()) compare<float>(c, 1);
    for (const RecurrentCase& c : test::recurrent_cases<double>()) compare<double>(c, 1);
  });
}

TEST(bidirectional, on_two_threads_too) {
  for (const Cell cell : test::kCells) {
    compare<float>({cell, 5, 20, 60, 120, false, true}, 2);  // a direction a thread
    compare<float>({cell, 40, 10, 60, 120}, 4);              // rows of one direction after the other
  }
}

}  // namespace
}  // namespace foldgate
