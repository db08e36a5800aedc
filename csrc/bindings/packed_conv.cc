// Convolutions whose weights stay packed. How they can never be stale: a PackedConv copies kernel and bias when it is made
// and nothing writes to the copies after, so that what was packed from them stays true whatever becomes of the caller's
// arrays. New weights are a new PackedConv; a call under way keeps the one it began with.
#include <algorithm>
#include <memory>

#include "bindings/calls.h"
#include "bindings/conv_options.h"
#include "bindings/register.h"
#include "kernels/table.h"
#include "ops/conv/conv.h"

namespace foldgate {
namespace {

constexpr const char* kPackedConv = "PackedConv";
constexpr size_t kForms = 4;  // packed copies kept: shapes differ little in the form that they want

class PackedConv {
 public:
  virtual ~PackedConv() = default;
  virtual std::unique_ptr<NativeCall> plan(const Shape& x, const Shape& pads) = 0;
};

// Everything but the kernels and packing runs under the GIL, which is therefore the lock of forms_.
template <class T>
class Weights {
 public:
  using Packed = std::shared_ptr<const PackedWeights<T>>;

  Weights(const py::array& kernel, const py::object& bias, const ConvOptions& options)
      : options_(options), kernel_shape_(shape_of(kernel)), kernel_(kernel.size()) {
    require(kernel.ndim() >= 3, kPackedConv, ": kernel has shape ", shape_text(kernel_shape_),
            "; expected (*kernel_size, Cin / groups, Cout) with 1, 2 or 3 spatial axes");
    copy(read<T>(kPackedConv, "kernel", kernel, kernel_shape_), kernel_);
    if (bias.is_none()) return;
    const T* values = read_optional<T>(kPackedConv, "bias", bias, {kernel_shape_.back()});
    bias_ = Scratch<T>(kernel_shape_.back());
    copy(values, bias_);
  }

  ConvPlan plan(const Shape& x, const Shape& pads) const {
    ConvSpec spec = spec_of(kPackedConv, x, kernel_shape_, options_);
    spec.pads = pads;
    return ConvPlan::make(kPackedConv, spec);
  }

  // The kernel in the form that the plan wants at the active tier.
  Packed packed(const ConvPlan& plan) {
    const WeightForm form = weight_form<T>(plan);
    for (const Packed& known : forms_)
      if (known->form == form) return known;
    Packed made;
    without_gil([&] { made = std::make_shared<const PackedWeights<T>>(pack_weights(plan, kernel_.data())); });
    if (forms_.size() == kForms) forms_.erase(forms_.begin());
    forms_.push_back(made);
    return made;
  }

  const T* kernel() const { return kernel_.data(); }
  const T* bias() const { return bias_.data(); }

 private:
  static void copy(const T* source, const Scratch<T>& target) {
    std::copy_n(source, target.size(), target.data());
  }

  ConvOptions options_;
  Shape kernel_shape_;
  Scratch<T> kernel_, bias_;
  std::vector<Packed> forms_;
};

// The convolution of one shape of x: its plan, with the weights as the plan's algorithm reads them.
template <class T>
class PackedConvCall : public NativeCall {
 public:
  PackedConvCall(std::shared_ptr<Weights<T>> weights, const ConvPlan& plan)
      : NativeCall(1),
        weights_(std::move(weights)),
        plan_(plan),
        x_shape_(plan.x_shape()),
        y_shape_(plan.y_shape()),
        tier_(&kernels<T>()),
        packed_(weights_->packed(plan_)) {}

  py::object run(const py::handle* operands) override {
    const T* x_data = read<T>(kPackedConv, "x", operands[0], x_shape_);
    py::array y = new_array<T>(kPackedConv, y_shape_);
    T* y_data = data_of<T>(y);
    if (tier_ != &kernels<T>()) {
      packed_ = weights_->packed(plan_);
      tier_ = &kernels<T>();
    }
    const auto packed = packed_;  // another thread may change it meanwhile
    without_gil(plan_.work(), [&] {
      conv_forward(plan_, x_data, weights_->kernel(), weights_->bias(), y_data, packed.get());
    });
    return y;
  }

 private:
  std::shared_ptr<Weights<T>> weights_;
  ConvPlan plan_;
  Shape x_shape_, y_shape_;
  const void* tier_;
  typename Weights<T>::Packed packed_;
};

template <class T>
class PackedConvOf : public PackedConv {
 public:
  PackedConvOf(const py::array& kernel, const py::object& bias, const ConvOptions& options)
      : weights_(std::make_shared<Weights<T>>(kernel, bias, options)) {}
  std::unique_ptr<NativeCall> plan(const Shape& x, const Shape& pads) override {
    return std::make_unique<PackedConvCall<T>>(weights_, weights_->plan(x, pads));
  }

 private:
  std::shared_ptr<Weights<T>> weights_;
};

std::unique_ptr<PackedConv> make(const py::array& kernel, const py::object& bias, Shape strides,
                                 Shape dilation, int64_t groups, bool channels_first, int activation,
                                 int algorithm) {
  const ConvOptions options{std::move(strides), {},       std::move(dilation), groups, channels_first,
                            activation,         algorithm};
  return by_dtype(kPackedConv, "kernel", kernel, [&](auto zero) -> std::unique_ptr<PackedConv> {
    return std::make_unique<PackedConvOf<decltype(zero)>>(kernel, bias, options);
  });
}

}  // namespace

void register_packed_conv(py::module_& module) {
  py::class_<PackedConv>(module, "PackedConv", "A copy of a convolution's weights, packed for its plans.")
      .def(py::init(&make), py::arg("kernel"), py::arg("bias"), py::arg("strides"), py::arg("dilation"),
           py::arg("groups"), py::arg("channels_first"), py::arg("activation"), py::arg("algorithm"))
      .def("plan", &PackedConv::plan, py::arg("x"), py::arg("pads"),
           "The convolution of x's shape, a call of which takes (x); pads are (before, after) an axis, one "
           "after the other.");
}

}  // namespace foldgate
