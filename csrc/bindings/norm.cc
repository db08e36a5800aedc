#include <cmath>

#include "bindings/calls.h"
#include "bindings/register.h"
#include "core/scratch.h"
#include "ops/norm/channels.h"
#include "ops/norm/rows.h"

namespace foldgate {
namespace {

using Name = const std::string&;

template <class T>
T checked_epsilon(const char* op, double epsilon) {
  require(std::isfinite(epsilon) && epsilon >= 0, op, ": epsilon is ", epsilon, "; expected 0 or more");
  return static_cast<T>(epsilon);
}

template <class T>
ChannelAffine<T> affine_of(const char* op, const ChannelNormPlan& plan, const py::object& gamma,
                           const py::object& beta, bool relu) {
  return {read_optional<T>(op, "gamma", gamma, {plan.channels}),
          read_optional<T>(op, "beta", beta, {plan.channels}), relu};
}

// Batch norm's statistics are (C,), others' (N, groups).
Shape statistics_shape(const ChannelNormPlan& plan, bool batch) {
  return batch ? Shape{plan.channels} : Shape{plan.samples, plan.groups};
}

template <class T>
void deviations(const T* variance, int64_t n, T epsilon, T* rstd) {
  for (int64_t i = 0; i < n; ++i) rstd[i] = inverse_deviation(variance[i], epsilon);
}

// (y, mean, spread): the variance of batch norm, or rstd
template <class T>
py::tuple channel_forward(const char* op, const ChannelNormPlan& plan, const py::array& x,
                          const py::object& gamma, const py::object& beta, double given_epsilon, bool relu,
                          bool batch) {
  const T* x_data = read<T>(op, "x", x, plan.shape);
  const ChannelAffine<T> affine = affine_of<T>(op, plan, gamma, beta, relu);
  const T epsilon = checked_epsilon<T>(op, given_epsilon);
  const Shape shape = statistics_shape(plan, batch);
  py::array y = new_array<T>(op, plan.shape), mean = new_array<T>(op, shape),
            spread = new_array<T>(op, shape);
  T *y_data = data_of<T>(y), *mean_data = data_of<T>(mean), *spread_data = data_of<T>(spread);
  without_gil(8.0 * static_cast<double>(x.size()), [&] {
    channel_norm_forward(plan, x_data, affine, epsilon, y_data, mean_data, spread_data);
    if (!batch) deviations(spread_data, plan.statistics(), epsilon, spread_data);
  });
  return py::make_tuple(y, mean, spread);
}

template <class T>
py::array channel_apply(const char* op, const ChannelNormPlan& plan, const py::array& x,
                        const py::array& mean, const py::array& variance, const py::object& gamma,
                        const py::object& beta, double given_epsilon, bool relu) {
  const T* x_data = read<T>(op, "x", x, plan.shape);
  const T* mean_data = read<T>(op, "mean", mean, {plan.channels});
  const T* variance_data = read<T>(op, "variance", variance, {plan.channels});
  const ChannelAffine<T> affine = affine_of<T>(op, plan, gamma, beta, relu);
  const T epsilon = checked_epsilon<T>(op, given_epsilon);
  const Scratch<T> rstd(plan.channels);
  py::array y = new_array<T>(op, plan.shape);
  T* y_data = data_of<T>(y);
  without_gil(8.0 * static_cast<double>(x.size()), [&] {
    deviations(variance_data, plan.channels, epsilon, rstd.data());
    channel_norm_apply(plan, x_data, mean_data, rstd.data(), affine, y_data);
  });
  return y;
}

// spread: as channel_forward returns it; constant: batch norm with statistics that do not depend on x
template <class T>
py::tuple channel_backward(const char* op, const ChannelNormPlan& plan, const py::array& dy,
                           const py::array& x, const py::array& mean, const py::array& spread,
                           const py::object& gamma, const py::object& beta, double given_epsilon, bool relu,
                           bool batch, bool constant) {
  const Shape shape = statistics_shape(plan, batch);
  const T* x_data = read<T>(op, "x", x, plan.shape);
  const T* dy_data = read<T>(op, "dy", dy, plan.shape);
  const T* mean_data = read<T>(op, "mean", mean, shape);
  const T* spread_data = read<T>(op, batch ? "variance" : "rstd", spread, shape);
  const ChannelAffine<T> affine = affine_of<T>(op, plan, gamma, beta, relu);
  const T epsilon = checked_epsilon<T>(op, given_epsilon);
  const Scratch<T> rstd(batch ? plan.channels : 0);
  py::array dx = new_array<T>(op, plan.shape), dgamma = new_array<T>(op, {plan.channels}),
            dbeta = new_array<T>(op, {plan.channels});
  T *dx_data = data_of<T>(dx), *dgamma_data = data_of<T>(dgamma), *dbeta_data = data_of<T>(dbeta);
  without_gil(8.0 * static_cast<double>(x.size()), [&] {
    if (batch) deviations(spread_data, plan.channels, epsilon, rstd.data());
    channel_norm_backward(plan, dy_data, x_data, mean_data, batch ? rstd.data() : spread_data, affine,
                          constant, dx_data, dgamma_data, dbeta_data);
  });
  return py::make_tuple(dx, dgamma, dbeta);
}

void register_batch(py::module_& module) {
  module.def(
      "batch_norm",
      [](const py::array& x, const py::object& gamma, const py::object& beta, int64_t axis, double epsilon,
         bool relu) {
        constexpr const char* kOp = "batch_norm";
        return by_dtype(kOp, "x", x, [&](auto zero) {
          const ChannelNormPlan plan = ChannelNormPlan::make_batch(kOp, shape_of(x), axis);
          return channel_forward<decltype(zero)>(kOp, plan, x, gamma, beta, epsilon, relu, true);
        });
      },
      py::arg("x"), py::arg("gamma"), py::arg("beta"), py::arg("axis"), py::arg("epsilon"), py::arg("relu"),
      "(y, mean, variance) by the statistics of the batch.");
  module.def(
      "batch_norm_inference",
      [](const py::array& x, const py::array& mean, const py::array& variance, const py::object& gamma,
         const py::object& beta, int64_t axis, double epsilon, bool relu) {
        constexpr const char* kOp = "batch_norm_inference";
        return by_dtype(kOp, "x", x, [&](auto zero) {
          const ChannelNormPlan plan = ChannelNormPlan::make_batch(kOp, shape_of(x), axis);
          return channel_apply<decltype(zero)>(kOp, plan, x, mean, variance, gamma, beta, epsilon, relu);
        });
      },
      py::arg("x"), py::arg("mean"), py::arg("variance"), py::arg("gamma"), py::arg("beta"), py::arg("axis"),
      py::arg("epsilon"), py::arg("relu"), "y by given statistics.");
  module.def(
      "batch_norm_backward",
      [](Name op, const py::array& dy, const py::array& x, const py::array& mean, const py::array& variance,
         const py::object& gamma, const py::object& beta, int64_t axis, double epsilon, bool relu,
         bool constant) {
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          const ChannelNormPlan plan = ChannelNormPlan::make_batch(op.c_str(), shape_of(x), axis);
          return channel_backward<decltype(zero)>(op.c_str(), plan, dy, x, mean, variance, gamma, beta,
                                                  epsilon, relu, true, constant);
        });
      },
      py::arg("op"), py::arg("dy"), py::arg("x"), py::arg("mean"), py::arg("variance"), py::arg("gamma"),
      py::arg("beta"), py::arg("axis"), py::arg("epsilon"), py::arg("relu"), py::arg("constant"),
      "(dx, dgamma, dbeta) of batch_norm, or of batch_norm_inference with constant statistics.");
}

void register_group(py::module_& module) {
  module.def(
      "group_norm",
      [](Name op, const py::array& x, const py::object& gamma, const py::object& beta, bool channels_first,
         int64_t groups, double epsilon) {
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          const ChannelNormPlan plan =
              ChannelNormPlan::make_group(op.c_str(), shape_of(x), channels_first, groups);
          return channel_forward<decltype(zero)>(op.c_str(), plan, x, gamma, beta, epsilon, false, false);
        });
      },
      py::arg("op"), py::arg("x"), py::arg("gamma"), py::arg("beta"), py::arg("channels_first"),
      py::arg("groups"), py::arg("epsilon"), "(y, mean, rstd) by the statistics of groups of channels.");
  module.def(
      "group_norm_backward",
      [](Name op, const py::array& dy, const py::array& x, const py::array& mean, const py::array& rstd,
         const py::object& gamma, bool channels_first, int64_t groups) {
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          const ChannelNormPlan plan =
              ChannelNormPlan::make_group(op.c_str(), shape_of(x), channels_first, groups);
          return channel_backward<decltype(zero)>(op.c_str(), plan, dy, x, mean, rstd, gamma, py::none(), 0,
                                                  false, false, false);
        });
      },
      py::arg("op"), py::arg("dy"), py::arg("x"), py::arg("mean"), py::arg("rstd"), py::arg("gamma"),
      py::arg("channels_first"), py::arg("groups"), "(dx, dgamma, dbeta) of group_norm.");
}

template <class T>
py::tuple rows_forward(const char* op, const RowNormPlan& plan, const py::array& x, const py::object& gamma,
                       const py::object& beta, double given_epsilon) {
  const T* x_data = read<T>(op, "x", x, plan.shape);
  const Shape weights(plan.shape.begin() + static_cast<std::ptrdiff_t>(plan.statistics.size()),
                      plan.shape.end());
  const T* gamma_data = read_optional<T>(op, "gamma", gamma, weights);
  const T* beta_data = read_optional<T>(op, "beta", beta, weights);
  const T epsilon = checked_epsilon<T>(op, given_epsilon);
  py::array y = new_array<T>(op, plan.shape), rstd = new_array<T>(op, plan.statistics);
  py::object mean = py::none();
  T* mean_data = nullptr;
  if (plan.centred) {
    py::array array = new_array<T>(op, plan.statistics);
    mean_data = data_of<T>(array);
    mean = std::move(array);
  }
  T *y_data = data_of<T>(y), *rstd_data = data_of<T>(rstd);
  without_gil(8.0 * static_cast<double>(x.size()), [&] {
    row_norm_forward(plan, x_data, gamma_data, beta_data, epsilon, y_data, mean_data, rstd_data);
  });
  return py::make_tuple(y, mean, rstd);
}

template <class T>
py::tuple rows_backward(const char* op, const RowNormPlan& plan, const py::array& dy, const py::array& x,
                        const py::object& mean, const py::array& rstd, const py::object& gamma) {
  const Shape weights(plan.shape.begin() + static_cast<std::ptrdiff_t>(plan.statistics.size()),
                      plan.shape.end());
  const T* x_data = read<T>(op, "x", x, plan.shape);
  const T* dy_data = read<T>(op, "dy", dy, plan.shape);
  const T* mean_data = read_optional<T>(op, "mean", mean, plan.statistics);
  const T* rstd_data = read<T>(op, "rstd", rstd, plan.statistics);
  const T* gamma_data = read_optional<T>(op, "gamma", gamma, weights);
  py::array dx = new_array<T>(op, plan.shape), dgamma = new_array<T>(op, weights);
  py::object dbeta = py::none();
  T* dbeta_data = nullptr;
  if (plan.centred) {
    py::array array = new_array<T>(op, weights);
    dbeta_data = data_of<T>(array);
    dbeta = std::move(array);
  }
  T *dx_data = data_of<T>(dx), *dgamma_data = data_of<T>(dgamma);
  without_gil(8.0 * static_cast<double>(x.size()), [&] {
    row_norm_backward(plan, dy_data, x_data, mean_data, rstd_data, gamma_data, dx_data, dgamma_data,
                      dbeta_data);
  });
  return py::make_tuple(dx, dgamma, dbeta);
}

void register_rows(py::module_& module) {
  module.def(
      "row_norm",
      [](Name op, const py::array& x, const py::object& gamma, const py::object& beta, int64_t axes,
         double epsilon, bool centred) {
        require(centred || beta.is_none(), op, ": beta is given; expected None where rows are not centred");
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          const RowNormPlan plan = RowNormPlan::make(op.c_str(), shape_of(x), axes, centred);
          return rows_forward<decltype(zero)>(op.c_str(), plan, x, gamma, beta, epsilon);
        });
      },
      py::arg("op"), py::arg("x"), py::arg("gamma"), py::arg("beta"), py::arg("axes"), py::arg("epsilon"),
      py::arg("centred"), "(y, mean or None, rstd) by the statistics of the last axes.");
  module.def(
      "row_norm_backward",
      [](Name op, const py::array& dy, const py::array& x, const py::object& mean, const py::array& rstd,
         const py::object& gamma, int64_t axes) {
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          const RowNormPlan plan = RowNormPlan::make(op.c_str(), shape_of(x), axes, !mean.is_none());
          return rows_backward<decltype(zero)>(op.c_str(), plan, dy, x, mean, rstd, gamma);
        });
      },
      py::arg("op"), py::arg("dy"), py::arg("x"), py::arg("mean"), py::arg("rstd"), py::arg("gamma"),
      py::arg("axes"), "(dx, dgamma, dbeta or None) of row_norm; rows are centred where there is a mean.");
}

}  // namespace

void register_norm(py::module_& module) {
  register_batch(module);
  register_group(module);
  register_rows(module);
}

}  // namespace foldgate
