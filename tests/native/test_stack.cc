// Layers over one another: the bits of a pass a layer, one after the other and as a wavefront, every operand flush
// against a guard page.
#include <algorithm>
#include <atomic>

#include "check.h"
#include "core/thread_pool.h"
#include "ops/recurrent/stack.h"
#include "ops/recurrent/wavefront.h"
#include "recurrent_problem.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Guarded;
using test::RecurrentCase;
using test::RecurrentProblem;

TEST(wavefront, runs_every_piece_once_and_in_order) {
  for (const int workers : {1, 2, 5}) {
    constexpr int64_t kLayers = 4, kPieces = 50;
    std::atomic<int64_t> done[kLayers] = {};
    std::atomic<int> wrong{0};
    Wavefront(kLayers, kPieces).run(workers, [&](int64_t layer, int64_t piece) {
      if (layer > 0 && done[layer - 1].load() <= piece) ++wrong;
      if (done[layer].fetch_add(1) != piece) ++wrong;
    });
    CHECK_EQ(wrong.load(), 0);
    for (const auto& count : done) CHECK_EQ(count.load(), kPieces);
  }
}

// The results of one layer, in arrays of their own.
template <class T>
struct Results {
  explicit Results(const RecurrentProblem<T>& p)
      : y(like(p.y)),
        h(like(p.h)),
        cell(like(p.h)),
        cache(like(p.cache)),
        dkernel(like(p.kernel)),
        drecurrent(like(p.recurrent)),
        dbias(like(p.bias)),
        dh0(like(p.h)),
        dc0(like(p.h)) {}
  static Guarded<T> like(const Guarded<T>& other) {
    return Guarded<T>(other.size(), test::Flush::kBack, T(99));
  }
  Guarded<T> y, h, cell, cache, dkernel, drecurrent, dbias, dh0, dc0;
};

template <class T>
void check_equal(const Guarded<T>& a, const Guarded<T>& b) {
  CHECK(std::equal(a.data(), a.data() + a.size(), b.data(), b.data() + b.size()));
}

// Three layers, whose second and third have as many inputs as units: first each by itself, then the stack.
template <class T>
void compare(RecurrentCase c, int threads) {
  std::vector<std::unique_ptr<RecurrentProblem<T>>> layers;
  std::vector<std::unique_ptr<Results<T>>> results;
  for (int l = 0; l < 3; ++l) {
    layers.push_back(std::make_unique<RecurrentProblem<T>>(c));
    results.push_back(std::make_unique<Results<T>>(*layers[l]));
    RecurrentProblem<T>& p = *layers[l];
    for (T& value : p.recurrent) value *= T(0.2);  // so that relu's states neither grow nor vanish
    if (l > 0) std::copy(layers[l - 1]->y.data(), layers[l - 1]->y.data() + p.x.size(), p.x.data());
    p.forward();
    c.inputs = c.units;
  }
  for (int l = 2; l >= 0; --l) {
    if (l < 2)
      std::copy(layers[l + 1]->dx.data(), layers[l + 1]->dx.data() + layers[l]->dy.size(),
                layers[l]->dy.data());
    layers[l]->backward();
  }
  std::vector<RecurrentPlan> plans;
  std::vector<RecurrentForward<T>> f(3);
  std::vector<RecurrentBackward<T>> b(3);
  Guarded<T> dx(layers[0]->x.size(), test::Flush::kBack, T(99));
  for (int l = 0; l < 3; ++l) {
    RecurrentProblem<T>& p = *layers[l];
    Results<T>& r = *results[l];
    const T* x = l == 0 ? p.x.data() : results[l - 1]->y.data();
    const T* c0 = p.lstm() ? p.c0.data() : nullptr;
    plans.push_back(p.plan);
    f[l] = {x,
            p.weights(),
            p.h0.data(),
            c0,
            r.y.data(),
            r.h.data(),
            p.lstm() ? r.cell.data() : nullptr,
            r.cache.data()};
    b[l] = {l == 2 ? p.dy.data() : nullptr,
            p.dh.data(),
            p.lstm() ? p.dc.data() : nullptr,
            x,
            p.weights(),
            r.y.data(),
            r.cache.data(),
            p.h0.data(),
            c0,
            l == 0 ? dx.data() : nullptr,
            r.dkernel.data(),
            r.drecurrent.data(),
            r.dbias.data(),
            r.dh0.data(),
            p.lstm() ? r.dc0.data() : nullptr};
  }
  const int before = get_num_threads();
  set_num_threads(threads);
  stacked_forward(plans, f);
  stacked_backward(plans, b);
  set_num_threads(before);

  check_equal(dx, layers[0]->dx);
  for (int l = 0; l < 3; ++l) {
    const RecurrentProblem<T>& p = *layers[l];
    const Results<T>& r = *results[l];
    check_equal(r.y, p.y), check_equal(r.h, p.h), check_equal(r.dh0, p.dh0);
    check_equal(r.dkernel, p.dkernel), check_equal(r.drecurrent, p.drecurrent), check_equal(r.dbias, p.dbias);
    if (p.lstm()) check_equal(r.cell, p.cell), check_equal(r.dc0, p.dc0);
  }
}

TEST(stack, gives_the_bits_of_a_pass_a_layer) {
  test::on_every_tier([] {
    for (const RecurrentCase& c : test::recurrent_cases<float>()) compare<float>(c, 1);
    for (const RecurrentCase& c : test::recurrent_cases<double>()) compare<double>(c, 1);
  });
}

TEST(stack, on_several_threads_too) {
  for (const Cell cell : test::kCells)
    for (const int threads : {2, 4}) {
      compare<float>({cell, 2, 50, 60, 130, false, true}, threads);  // a wavefront
      compare<float>({cell, 1, 150, 20, 130, true}, threads);        // likewise, of many pieces
      compare<float>({cell, 40, 10, 60, 120}, threads);              // rows of one layer after the other
    }
}

}  // namespace
}  // namespace foldgate
