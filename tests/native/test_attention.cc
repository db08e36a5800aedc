// ops/attention on every tier, for float and double: forward and backward against the definition in double, around lanes
// and blocks, with every mask, every array flush against a guard page.
#include "ops/attention/attention.h"

#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "guard.h"
#include "kernels/table.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;

enum class Sight { kAll, kCausal, kSeen, kBias };

template <class T>
struct Problem {
  Problem(int64_t queries, int64_t keys, int64_t width, int64_t values, Sight sight, Flush flush)
      : plan(AttentionPlan::make("op", {2, 1, queries, width}, {2, 1, keys, width}, {2, 1, keys, values},
                                 sight == Sight::kSeen || sight == Sight::kBias
                                     ? std::vector<int64_t>{1, 1, queries, keys}
                                     : std::vector<int64_t>{},
                                 sight == Sight::kCausal)),
        q(2 * queries * width, flush),
        k(2 * keys * width, flush),
        v(2 * keys * values, flush),
        dy(2 * queries * values, flush),
        bias(queries * keys, flush),
        seen(queries * keys, flush, 1) {
    test::Random random(static_cast<uint64_t>(queries + keys));
    for (auto* array : {&q, &k, &v, &dy, &bias})
      for (T& value : *array) value = static_cast<T>(random.uniform(-1, 1));
    for (uint8_t& value : seen) value = random.uniform(0, 1) < 0.7;
    for (int64_t i = 0; i < keys; ++i) seen[i] = 0;  // the first query sees nothing
    if (sight == Sight::kSeen) mask.seen = seen.data();
    if (sight == Sight::kBias) mask.bias = bias.data();
  }

  bool sees(int64_t i, int64_t j) const {
    return (!plan.causal || j <= i) && (!mask.seen || seen[i * plan.keys + j]);
  }
  double score(int64_t unit, int64_t i, int64_t j) const {
    double s = 0;
    for (int64_t d = 0; d < plan.width; ++d)
      s += static_cast<double>(q[(unit * plan.queries + i) * plan.width + d]) *
           static_cast<double>(k[(unit * plan.keys + j) * plan.width + d]);
    return 0.5 * s + (mask.bias ? static_cast<double>(bias[i * plan.keys + j]) : 0.0);
  }

  AttentionPlan plan;
  Guarded<T> q, k, v, dy, bias;
  Guarded<uint8_t> seen;
  AttentionMask<T> mask;
};

using Doubles = std::vector<double>;
size_t at(int64_t i) { return static_cast<size_t>(i); }

// Scores are sums of at most 40 products below 1, and exponentials as exact; gradients are sums over keys or queries.
template <class T>
void check_close(const Guarded<T>& found, const Doubles& expected) {
  double error = 0, most = 1;
  for (int64_t i = 0; i < found.size(); ++i) {
    error = std::fmax(error, std::fabs(static_cast<double>(found[i]) - expected[at(i)]));
    most = std::fmax(most, std::fabs(expected[at(i)]));
  }
  CHECK_LE(error, 400 * most * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

template <class T>
void check(const Problem<T>& p, Flush flush) {
  const AttentionPlan& plan = p.plan;
  const int64_t w = plan.width, u = plan.values;
  Guarded<T> y(p.dy.size(), flush, T(99)), lse(2 * plan.queries, flush), dq(p.q.size(), flush, T(99)),
      dk(p.k.size(), flush, T(99)), dv(p.v.size(), flush, T(99));
  attention_forward(plan, p.q.data(), p.k.data(), p.v.data(), p.mask, T(0.5), y.data(), lse.data());
  attention_backward(plan, p.dy.data(), p.q.data(), p.k.data(), p.v.data(), y.data(), lse.data(), p.mask,
                     T(0.5), dq.data(), dk.data(), dv.data());
  Doubles y_e(at(y.size())), dq_e(at(dq.size())), dk_e(at(dk.size())), dv_e(at(dv.size()));
  for (int64_t unit = 0; unit < 2; ++unit)
    for (int64_t i = 0; i < plan.queries; ++i) {
      const int64_t query = unit * plan.queries + i;
      Doubles weights(at(plan.keys)), slopes(at(plan.keys));
      double sum = 0, mean = 0;
      for (int64_t j = 0; j < plan.keys; ++j)
        if (p.sees(i, j)) sum += weights[at(j)] = std::exp(p.score(unit, i, j));
      for (int64_t j = 0; j < plan.keys; ++j) {
        if (sum > 0) weights[at(j)] /= sum;
        for (int64_t d = 0; d < u; ++d) {
          const double value = static_cast<double>(p.v[(unit * plan.keys + j) * u + d]);
          const double gradient = static_cast<double>(p.dy[query * u + d]);
          y_e[at(query * u + d)] += weights[at(j)] * value;
          dv_e[at((unit * plan.keys + j) * u + d)] += weights[at(j)] * gradient;
          slopes[at(j)] += gradient * value;
        }
        mean += weights[at(j)] * slopes[at(j)];
      }
      for (int64_t j = 0; j < plan.keys; ++j) {
        const double ds = 0.5 * weights[at(j)] * (slopes[at(j)] - mean);
        for (int64_t d = 0; d < w; ++d) {
          const int64_t key = (unit * plan.keys + j) * w + d;
          dq_e[at(query * w + d)] += ds * static_cast<double>(p.k[key]);
          dk_e[at(key)] += ds * static_cast<double>(p.q[query * w + d]);
        }
      }
    }
  check_close(y, y_e), check_close(dq, dq_e), check_close(dk, dk_e), check_close(dv, dv_e);
}

template <class T>
void check_sizes() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (Sight sight : {Sight::kAll, Sight::kCausal, Sight::kSeen, Sight::kBias}) {
    for (Flush flush : {Flush::kFront, Flush::kBack}) {
      check(Problem<T>(3, 5, 2, 1, sight, flush), flush);
      check(Problem<T>(lanes + 1, lanes - 1, lanes, lanes + 1, sight, flush), flush);
      check(Problem<T>(2 * lanes + 1, 3 * lanes, 5, 40, sight, flush), flush);
    }
    check(Problem<T>(130, 260, 3, 4, sight, Flush::kBack), Flush::kBack);
    check(Problem<T>(129, 40, 4, 3, sight, Flush::kBack), Flush::kBack);
  }
}

TEST(attention, around_lanes_and_blocks) {
  test::on_every_tier([] {
    check_sizes<float>();
    check_sizes<double>();
  });
}

TEST(attention, a_plan_refuses_what_cannot_be) {
  CHECK_THROWS(AttentionPlan::make("op", {2, 3, 4}, {2, 3, 4}, {2, 3, 4}, {}, false), std::invalid_argument,
               "op: q has shape (2, 3, 4)");
  CHECK_THROWS(AttentionPlan::make("op", {2, 3, 4, 5}, {2, 3, 6, 4}, {2, 3, 6, 5}, {}, false),
               std::invalid_argument, "op: k has shape (2, 3, 6, 4)");
  CHECK_THROWS(AttentionPlan::make("op", {2, 3, 4, 5}, {2, 3, 6, 5}, {2, 3, 7, 5}, {}, false),
               std::invalid_argument, "op: v has shape (2, 3, 7, 5)");
  CHECK_THROWS(AttentionPlan::make("op", {2, 3, 4, 5}, {2, 3, 6, 5}, {2, 3, 6, 5}, {2, 2, 4, 6}, false),
               std::invalid_argument, "op: mask has shape (2, 2, 4, 6)");
}

}  // namespace
}  // namespace foldgate
