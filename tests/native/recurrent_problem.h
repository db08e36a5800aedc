// One problem of the recurrent ops with all its operands against guard pages, and its outputs by the definition.
#pragma once
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "guard.h"
#include "kernels/table.h"
#include "ops/recurrent/recurrent.h"
#include "random.h"

namespace foldgate::test {

inline constexpr Cell kCells[] = {Cell::kLstm, Cell::kGru, Cell::kGruBefore, Cell::kTanh, Cell::kRelu};

struct RecurrentCase {
  Cell cell;
  int64_t batch, steps, inputs, units;
  bool reverse = false, masked = false;
  Flush flush = Flush::kBack;
};

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// All operands and results of one case. `mask` has every pattern; x is NaN where it is masked.
template <class T>
struct RecurrentProblem {
  explicit RecurrentProblem(const RecurrentCase& c)
      : c(c),
        gates(kCellGates[static_cast<int>(c.cell)]),
        biases(c.cell == Cell::kGru ? 2 : 1),
        x(c.batch * c.steps * c.inputs, c.flush),
        kernel(c.inputs * gates * c.units, c.flush),
        recurrent(c.units * gates * c.units, c.flush),
        bias(biases * gates * c.units, c.flush),
        h0(c.batch * c.units, c.flush),
        c0(c.batch * c.units, c.flush),
        y(c.batch * c.steps * c.units, c.flush, T(99)),
        h(h0.size(), c.flush, T(99)),
        cell(h0.size(), c.flush, T(99)),
        mask(new bool[c.batch * c.steps]),
        plan(make_plan()),
        cache(plan.cache_size(), c.flush),
        dy(y.size(), c.flush),
        dh(h0.size(), c.flush),
        dc(h0.size(), c.flush),
        dx(x.size(), c.flush, T(99)),
        dkernel(kernel.size(), c.flush, T(99)),
        drecurrent(recurrent.size(), c.flush, T(99)),
        dbias(bias.size(), c.flush, T(99)),
        dh0(h0.size(), c.flush, T(99)),
        dc0(h0.size(), c.flush, T(99)) {
    Random random(static_cast<uint64_t>(c.units * 31 + c.batch));
    for (Guarded<T>* each : {&x, &kernel, &recurrent, &bias, &h0, &c0, &dy, &dh, &dc})
      for (T& value : *each) value = static_cast<T>(random.uniform(-0.6, 0.6));
    for (int64_t i = 0; i < c.batch * c.steps && c.masked; ++i)
      if (!mask[i]) std::fill_n(x.data() + i * c.inputs, c.inputs, std::numeric_limits<T>::quiet_NaN());
  }

  RecurrentPlan make_plan() {
    for (int64_t n = 0; n < c.batch; ++n)
      for (int64_t t = 0; t < c.steps; ++t)
        mask[n * c.steps + t] = !c.masked || (n * 5 + t * 3 + n * t) % 4 != 0;
    return RecurrentPlan::make({"test", c.cell, c.reverse, false}, {c.batch, c.steps, c.inputs},
                               {c.inputs, gates * c.units}, {c.units, gates * c.units}, mask.get(), nullptr,
                               kernels<T>().recurrent.lanes);
  }

  RecurrentWeights<T> weights() { return {kernel.data(), recurrent.data(), bias.data()}; }
  bool lstm() const { return c.cell == Cell::kLstm; }

  void forward() {
    recurrent_forward(
        plan, RecurrentForward<T>{x.data(), weights(), h0.data(), lstm() ? c0.data() : nullptr, y.data(),
                                  h.data(), lstm() ? cell.data() : nullptr, cache.data()});
  }
  void backward() {
    recurrent_backward(
        plan, RecurrentBackward<T>{dy.data(), dh.data(), lstm() ? dc.data() : nullptr, x.data(), weights(),
                                   y.data(), cache.data(), h0.data(), lstm() ? c0.data() : nullptr, dx.data(),
                                   dkernel.data(), drecurrent.data(), dbias.data(), dh0.data(),
                                   lstm() ? dc0.data() : nullptr});
  }
  double loss() {
    forward();
    double sum = 0;
    for (int64_t i = 0; i < y.size(); ++i) sum += static_cast<double>(dy[i]) * y[i];
    for (int64_t i = 0; i < h.size(); ++i) sum += static_cast<double>(dh[i]) * h[i];
    for (int64_t i = 0; i < h.size() && lstm(); ++i) sum += static_cast<double>(dc[i]) * cell[i];
    return sum;
  }

  RecurrentCase c;
  int64_t gates, biases;
  Guarded<T> x, kernel, recurrent, bias, h0, c0, y, h, cell;
  std::unique_ptr<bool[]> mask;
  RecurrentPlan plan;
  Guarded<T> cache, dy, dh, dc, dx, dkernel, drecurrent, dbias, dh0, dc0;
};

// Gate g of unit u, before its activation: x's part, and the part of a state with its bias.
template <class T>
double input_part(const RecurrentProblem<T>& p, const T* x, int64_t g, int64_t u) {
  const int64_t columns = p.gates * p.c.units, column = g * p.c.units + u;
  double sum = p.bias[column];
  for (int64_t k = 0; k < p.c.inputs; ++k) sum += static_cast<double>(x[k]) * p.kernel[k * columns + column];
  return sum;
}
template <class T>
double recurrent_part(const RecurrentProblem<T>& p, const std::vector<double>& h, int64_t g, int64_t u) {
  const int64_t columns = p.gates * p.c.units, column = g * p.c.units + u;
  double sum = p.biases == 2 ? p.bias[columns + column] : 0;
  for (int64_t k = 0; k < p.c.units; ++k) sum += h[k] * p.recurrent[k * columns + column];
  return sum;
}

// One step of one row by the definition.
template <class T>
void define(const RecurrentProblem<T>& p, const T* x, std::vector<double>& h, std::vector<double>& c) {
  std::vector<double> next = h, reset = h;
  const auto both = [&](int64_t g, int64_t u) { return input_part(p, x, g, u) + recurrent_part(p, h, g, u); };
  for (int64_t u = 0; u < p.c.units && p.c.cell == Cell::kGruBefore; ++u)
    reset[u] = sigmoid(both(1, u)) * h[u];
  for (int64_t u = 0; u < p.c.units; ++u) {
    if (p.lstm()) {
      c[u] = sigmoid(both(1, u)) * c[u] + sigmoid(both(0, u)) * std::tanh(both(2, u));
      next[u] = sigmoid(both(3, u)) * std::tanh(c[u]);
    } else if (p.gates == 3) {
      const double seen = p.c.cell == Cell::kGru ? sigmoid(both(1, u)) * recurrent_part(p, h, 2, u)
                                                 : recurrent_part(p, reset, 2, u);
      const double z = sigmoid(both(0, u)), n = std::tanh(input_part(p, x, 2, u) + seen);
      next[u] = (1 - z) * n + z * h[u];
    } else {
      next[u] = p.c.cell == Cell::kTanh ? std::tanh(both(0, u)) : std::max(0.0, both(0, u));
    }
  }
  h = next;
}

// The largest |y - definition|, |h - definition|, |c - definition|.
template <class T>
double forward_error(const RecurrentProblem<T>& p) {
  const RecurrentCase& c = p.c;
  double worst = 0;
  const auto compare = [&](const T* actual, const std::vector<double>& expected) {
    for (int64_t u = 0; u < c.units; ++u) {
      const double error = std::fabs(actual[u] - expected[u]);
      worst = std::isnan(error) ? 1e30 : std::max(worst, error);
    }
  };
  for (int64_t n = 0; n < c.batch; ++n) {
    std::vector<double> h(p.h0.data() + n * c.units, p.h0.data() + (n + 1) * c.units);
    std::vector<double> state(p.c0.data() + n * c.units, p.c0.data() + (n + 1) * c.units);
    for (int64_t i = 0; i < c.steps; ++i) {
      const int64_t at = n * c.steps + (c.reverse ? c.steps - 1 - i : i);
      if (p.mask[at]) define(p, p.x.data() + at * c.inputs, h, state);
      compare(p.y.data() + at * c.units, h);
    }
    compare(p.h.data() + n * c.units, h);
    if (p.lstm()) compare(p.cell.data() + n * c.units, state);
  }
  return worst;
}

template <class T>
std::vector<RecurrentCase> recurrent_cases() {
  const int64_t lanes = kernels<T>().recurrent.lanes;
  std::vector<RecurrentCase> list;
  for (Cell cell : kCells) {
    list.push_back({cell, 3, 4, 2, lanes + 1});
    list.push_back({cell, 17, 3, lanes + 1, 2 * lanes, true, false, Flush::kFront});
    list.push_back({cell, 9, 5, 3, lanes - 1 + (lanes == 1), false, true});
    list.push_back({cell, 1, 4, 1, 4 * lanes, true, true});
  }
  return list;
}

}  // namespace foldgate::test
