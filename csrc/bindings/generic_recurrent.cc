#include <tuple>

#include "bindings/recurrent.h"
#include "bindings/register.h"
#include "ops/recurrent/generic.h"

namespace foldgate {
namespace {

using Functions = std::vector<std::tuple<int, double, double>>;

// What the cell is beyond its weights.
struct CellOptions {
  Functions functions;
  double clip;
  bool coupled;
  py::object peephole, projection;
};

struct Sequence {
  std::string op;
  int cell;
  py::array x, kernel, recurrent_kernel;
  py::object bias, initial_h, initial_c, mask, lengths;
  bool reverse, zero_output_for_mask, time_major;
  CellOptions options;
};

GateFunction function_of(const char* op, const std::tuple<int, double, double>& function) {
  return {enum_from(op, "activation", std::get<0>(function), GateKind::kSoftplus), std::get<1>(function),
          std::get<2>(function)};
}

GateFunctions functions_of(const char* op, const CellOptions& o) {
  require(o.functions.size() == 3, op, ": functions has ", o.functions.size(), " values; expected 3");
  require(o.clip > 0, op, ": clip is ", o.clip, "; expected more than 0");
  return {function_of(op, o.functions[0]), function_of(op, o.functions[1]), function_of(op, o.functions[2]),
          o.clip, o.coupled};
}

Shape shape_of_optional(const char* op, const char* name, const py::object& array) {
  if (array.is_none()) return {};
  const Shape shape = shape_of(array_of(op, name, array));
  require(!shape.empty(), op, ": ", name, " has shape (); expected two axes");
  return shape;
}

template <class T>
GenericPlan generic_plan(const Sequence& s) {
  const char* op = s.op.c_str();
  const Cell cell = enum_from(op, "cell", s.cell, Cell::kTanh);
  const bool lstm = cell == Cell::kLstm;
  require(lstm || (s.options.peephole.is_none() && s.options.projection.is_none() && !s.options.coupled), op,
          ": peephole, projection or coupled is given; expected none of them for a cell without c");
  require(lstm || s.initial_c.is_none(), op, ": initial_c is given; expected None for a cell without c");
  const RecurrentOptions options{op, cell, s.reverse, s.zero_output_for_mask, false, s.time_major};
  const CountedSteps counted = counted_steps(options, shape_of(s.x), s.mask, s.lengths);
  return GenericPlan::make(
      options, functions_of(op, s.options), shape_of(s.x), shape_of(s.kernel), shape_of(s.recurrent_kernel),
      shape_of_optional(op, "projection", s.options.projection), counted.mask, counted.lengths);
}

// What both directions read: `given` is GenericForward or GenericBackward.
template <class T, class Given>
void read_operands(const Sequence& s, const GenericPlan& plan, Given& given) {
  const char* op = s.op.c_str();
  auto& a = given.arrays;
  a.x = read<T>(op, "x", s.x, shape_of(s.x));
  a.weights = {read<T>(op, "kernel", s.kernel, shape_of(s.kernel)),
               read<T>(op, "recurrent_kernel", s.recurrent_kernel, shape_of(s.recurrent_kernel)),
               read_optional<T>(op, "bias", s.bias, bias_shape(plan.rows))};
  a.initial_h = read_optional<T>(op, "initial_h", s.initial_h, {plan.rows.batch, plan.outputs});
  a.initial_c = read_optional<T>(op, "initial_c", s.initial_c, {plan.rows.batch, plan.rows.units});
  given.peephole = read_optional<T>(op, "peephole", s.options.peephole, {3, plan.rows.units});
  given.projection =
      read_optional<T>(op, "projection", s.options.projection, {plan.rows.units, plan.outputs});
}

template <class T>
py::tuple forward(const Sequence& s, bool return_sequences, bool return_cache) {
  const char* op = s.op.c_str();
  const GenericPlan plan = generic_plan<T>(s);
  require(return_sequences || !return_cache, op,
          ": return_sequences is False with return_cache True; expected True");
  GenericForward<T> given;
  read_operands<T>(s, plan, given);
  py::object y = py::none(), h, c = py::none(), cache = py::none();
  RecurrentForward<T>& a = given.arrays;
  if (return_sequences) a.y = output<T>(op, y, plan.rows.sequences(plan.outputs));
  a.h = output<T>(op, h, {plan.rows.batch, plan.outputs});
  if (is_lstm(plan.rows)) a.c = output<T>(op, c, {plan.rows.batch, plan.rows.units});
  if (return_cache) a.cache = output<T>(op, cache, {plan.cache_size()});
  without_gil([&] { generic_forward(plan, given); });
  return py::make_tuple(y, h, c, cache);
}

template <class T>
py::tuple backward(const py::object& dy, const Sequence& s, const py::array& y, const py::array& cache,
                   const py::object& dh, const py::object& dc, bool need_dx) {
  const char* op = s.op.c_str();
  const GenericPlan plan = generic_plan<T>(s);
  const bool lstm = is_lstm(plan.rows);
  require(!dy.is_none() || !dh.is_none() || !dc.is_none(), op, ": ",
          lstm ? "dy, dh and dc are None" : "dy and dh are None", "; expected at least one of them");
  require(lstm || dc.is_none(), op, ": dc is given; expected None for a cell without c");
  const Shape state{plan.rows.batch, plan.outputs}, sequence = plan.rows.sequences(plan.outputs),
                                                    cell_state{plan.rows.batch, plan.rows.units};
  GenericBackward<T> given;
  read_operands<T>(s, plan, given);
  RecurrentBackward<T>& a = given.arrays;
  a.dy = read_optional<T>(op, "dy", dy, sequence);
  a.dh = read_optional<T>(op, "dh", dh, state);
  a.dc = read_optional<T>(op, "dc", dc, cell_state);
  a.y = read<T>(op, "y", y, sequence);
  a.cache = read<T>(op, "cache", cache, {plan.cache_size()});
  check_generic_cache(plan, a.cache);

  py::object dx = py::none(), dbias = py::none(), dinitial_c = py::none(), dpeephole = py::none(),
             dprojection = py::none();
  py::object dkernel, drecurrent_kernel, dinitial_h;
  if (need_dx) a.dx = output<T>(op, dx, shape_of(s.x));
  a.dkernel = output<T>(op, dkernel, shape_of(s.kernel));
  a.drecurrent_kernel = output<T>(op, drecurrent_kernel, shape_of(s.recurrent_kernel));
  if (!s.bias.is_none()) a.dbias = output<T>(op, dbias, bias_shape(plan.rows));
  a.dinitial_h = output<T>(op, dinitial_h, state);
  if (lstm) a.dinitial_c = output<T>(op, dinitial_c, cell_state);
  if (given.peephole) given.dpeephole = output<T>(op, dpeephole, {3, plan.rows.units});
  if (given.projection) given.dprojection = output<T>(op, dprojection, {plan.rows.units, plan.outputs});
  without_gil([&] { generic_backward(plan, given); });
  return py::make_tuple(dx, dkernel, drecurrent_kernel, dbias, dinitial_h, dinitial_c, dpeephole,
                        dprojection);
}

}  // namespace

void register_generic_recurrent(py::module_& module) {
  module.def(
      "generic_recurrent_forward",
      [](const std::string& op, int cell, const py::array& x, const py::array& kernel,
         const py::array& recurrent_kernel, const py::object& bias, const py::object& initial_h,
         const py::object& initial_c, const py::object& mask, const py::object& lengths, bool reverse,
         bool zero_output_for_mask, bool time_major, const Functions& functions, double clip, bool coupled,
         const py::object& peephole, const py::object& projection, bool return_sequences, bool return_cache) {
        const Sequence s{op,
                         cell,
                         x,
                         kernel,
                         recurrent_kernel,
                         bias,
                         initial_h,
                         initial_c,
                         mask,
                         lengths,
                         reverse,
                         zero_output_for_mask,
                         time_major,
                         {functions, clip, coupled, peephole, projection}};
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          return forward<decltype(zero)>(s, return_sequences, return_cache);
        });
      },
      py::arg("op"), py::arg("cell"), py::arg("x"), py::arg("kernel"), py::arg("recurrent_kernel"),
      py::arg("bias"), py::arg("initial_h"), py::arg("initial_c"), py::arg("mask"), py::arg("lengths"),
      py::arg("reverse"), py::arg("zero_output_for_mask"), py::arg("time_major"), py::arg("functions"),
      py::arg("clip"), py::arg("coupled"), py::arg("peephole"), py::arg("projection"),
      py::arg("return_sequences"), py::arg("return_cache"), "As recurrent_forward, for cells with options.");
  module.def(
      "generic_recurrent_backward",
      [](const std::string& op, int cell, const py::object& dy, const py::array& x, const py::array& kernel,
         const py::array& recurrent_kernel, const py::object& bias, const py::array& y,
         const py::array& cache, const py::object& dh, const py::object& dc, const py::object& initial_h,
         const py::object& initial_c, const py::object& mask, const py::object& lengths, bool reverse,
         bool zero_output_for_mask, bool time_major, const Functions& functions, double clip, bool coupled,
         const py::object& peephole, const py::object& projection, bool need_dx) {
        const Sequence s{op,
                         cell,
                         x,
                         kernel,
                         recurrent_kernel,
                         bias,
                         initial_h,
                         initial_c,
                         mask,
                         lengths,
                         reverse,
                         zero_output_for_mask,
                         time_major,
                         {functions, clip, coupled, peephole, projection}};
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          return backward<decltype(zero)>(dy, s, y, cache, dh, dc, need_dx);
        });
      },
      py::arg("op"), py::arg("cell"), py::arg("dy"), py::arg("x"), py::arg("kernel"),
      py::arg("recurrent_kernel"), py::arg("bias"), py::arg("y"), py::arg("cache"), py::arg("dh"),
      py::arg("dc"), py::arg("initial_h"), py::arg("initial_c"), py::arg("mask"), py::arg("lengths"),
      py::arg("reverse"), py::arg("zero_output_for_mask"), py::arg("time_major"), py::arg("functions"),
      py::arg("clip"), py::arg("coupled"), py::arg("peephole"), py::arg("projection"), py::arg("need_dx"),
      "(dx, dkernel, drecurrent_kernel, dbias, dinitial_h, dinitial_c, dpeephole, dprojection), None as "
      "there.");
}

}  // namespace foldgate
