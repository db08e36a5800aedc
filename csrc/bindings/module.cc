#include <pybind11/pybind11.h>

#include "bindings/register.h"

PYBIND11_MODULE(_native, module) {
  module.doc() =
      "foldgate's compiled kernels. Private: call them through foldgate.ops, which checks meaning.";
  foldgate::register_config(module);
  foldgate::register_calls(module);
  foldgate::register_known_functions(module);
  foldgate::register_gemm(module);
  foldgate::register_elementwise(module);
  foldgate::register_softmax(module);
  foldgate::register_attention(module);
  foldgate::register_adaptive_max_pool(module);
  foldgate::register_bias(module);
  foldgate::register_embedding(module);
  foldgate::register_random(module);
  foldgate::register_average_pool(module);
  foldgate::register_lp_pool(module);
  foldgate::register_max_unpool(module);
  foldgate::register_norm(module);
  foldgate::register_optimizer(module);
  foldgate::register_pool(module);
  foldgate::register_recurrent(module);
  foldgate::register_bidirectional(module);
  foldgate::register_stack(module);
  foldgate::register_packed_recurrent(module);
  foldgate::register_generic_recurrent(module);
  foldgate::register_conv(module);
  foldgate::register_conv_pool(module);
  foldgate::register_packed_conv(module);
  foldgate::register_conv_transpose(module);
  foldgate::register_gate_rows(module);
  foldgate::register_layout(module);
  foldgate::register_join(module);
}
