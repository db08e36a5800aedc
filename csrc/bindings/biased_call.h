// What the bindings of y = f(x, weights, bias), convolutions and products, have in common: a planned call of the forward,
// and the arrays of the gradients.
#pragma once
#include <utility>

#include "bindings/calls.h"

namespace foldgate {

struct BiasedShapes {
  Shape x, weights, bias, y;
};

// A planned call of operands (x, weights, bias), bias an array or None. Call has work(), in multiply-adds, and
// compute(x, weights, bias, y), with null for no bias.
template <class Call>
class BiasedCall : public NativeCall {
 public:
  py::object run(const py::handle* operands) override {
    return by_dtype(op_, x_name_, operands[0], [&](auto zero) { return forward<decltype(zero)>(operands); });
  }

 protected:
  BiasedCall(const char* op, const char* x_name, const char* weights_name)
      : NativeCall(3), op_(op), x_name_(x_name), weights_name_(weights_name) {}
  void set_shapes(BiasedShapes shapes) { shapes_ = std::move(shapes); }

 private:
  template <class T>
  py::array forward(const py::handle* operands) const {
    const T* x = read<T>(op_, x_name_, operands[0], shapes_.x);
    const T* weights = read<T>(op_, weights_name_, operands[1], shapes_.weights);
    const T* bias = read_optional<T>(op_, "bias", operands[2], shapes_.bias);
    py::array y = new_array<T>(op_, shapes_.y);
    T* y_data = data_of<T>(y);
    const Call& call = static_cast<const Call&>(*this);
    without_gil(call.work(), [&] { call.compute(x, weights, bias, y_data); });
    return y;
  }

  const char *op_, *x_name_, *weights_name_;
  BiasedShapes shapes_;
};

// Which gradients a backward call returns.
struct Needs {
  bool x, weights, bias;
};

// Room for those gradients; null and None for the others.
template <class T>
struct Gradients {
  Gradients(const char* op, const Needs& needs, const BiasedShapes& shapes)
      : x(add(op, needs.x, shapes.x, 0)),
        weights(add(op, needs.weights, shapes.weights, 1)),
        bias(add(op, needs.bias, shapes.bias, 2)) {}

  py::tuple arrays{3};
  T *x, *weights, *bias;

 private:
  T* add(const char* op, bool needed, const Shape& shape, size_t i) {
    if (!needed) {
      arrays[i] = py::none();
      return nullptr;
    }
    py::array array = new_array<T>(op, shape);
    T* data = data_of<T>(array);
    arrays[i] = std::move(array);
    return data;
  }
};

}  // namespace foldgate
