// One register function a stem; module.cc lists them.
#pragma once
#include <pybind11/pybind11.h>

namespace foldgate {

void register_config(pybind11::module_& module);
void register_calls(pybind11::module_& module);
void register_known_functions(pybind11::module_& module);
void register_gemm(pybind11::module_& module);
void register_elementwise(pybind11::module_& module);
void register_softmax(pybind11::module_& module);
void register_attention(pybind11::module_& module);
void register_adaptive_max_pool(pybind11::module_& module);
void register_bias(pybind11::module_& module);
void register_embedding(pybind11::module_& module);
void register_random(pybind11::module_& module);
void register_average_pool(pybind11::module_& module);
void register_lp_pool(pybind11::module_& module);
void register_max_unpool(pybind11::module_& module);
void register_norm(pybind11::module_& module);
void register_optimizer(pybind11::module_& module);
void register_pool(pybind11::module_& module);
void register_recurrent(pybind11::module_& module);
void register_bidirectional(pybind11::module_& module);
void register_stack(pybind11::module_& module);
void register_packed_recurrent(pybind11::module_& module);
void register_generic_recurrent(pybind11::module_& module);
void register_conv(pybind11::module_& module);
void register_conv_pool(pybind11::module_& module);
void register_packed_conv(pybind11::module_& module);
void register_conv_transpose(pybind11::module_& module);
void register_gate_rows(pybind11::module_& module);
void register_layout(pybind11::module_& module);
void register_join(pybind11::module_& module);

}  // namespace foldgate
