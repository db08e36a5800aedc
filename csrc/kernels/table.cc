// Compiled once per tier: gathers the tier's families.
#include "kernels/table.h"

namespace foldgate::FOLDGATE_ISA {

#define FOLDGATE_FAMILY(Struct, name)    \
  extern const Struct<float> name##_f32; \
  extern const Struct<double> name##_f64;
FOLDGATE_FAMILY(GemmKernels, gemm)
FOLDGATE_FAMILY(ActivationKernels, activation)
FOLDGATE_FAMILY(AttentionKernels, attention)
FOLDGATE_FAMILY(AverageKernels, average)
FOLDGATE_FAMILY(BiasKernels, bias)
FOLDGATE_FAMILY(ChannelNormKernels, channel_norm)
FOLDGATE_FAMILY(ConvKernels, conv)
FOLDGATE_FAMILY(DepthwiseKernels, depthwise)
FOLDGATE_FAMILY(DepthwiseLinesKernels, depthwise_lines)
FOLDGATE_FAMILY(ElementwiseKernels, elementwise)
FOLDGATE_FAMILY(EmbeddingKernels, embedding)
FOLDGATE_FAMILY(FftKernels, fft)
FOLDGATE_FAMILY(NarrowKernels, narrow)
FOLDGATE_FAMILY(OptimizerKernels, optimizer)
FOLDGATE_FAMILY(PoolKernels, pool)
FOLDGATE_FAMILY(ProbeKernels, probe)
FOLDGATE_FAMILY(RandomKernels, random)
FOLDGATE_FAMILY(RecurrentKernels, recurrent)
FOLDGATE_FAMILY(GenericKernels, recurrent_generic)
FOLDGATE_FAMILY(RowNormKernels, row_norm)
FOLDGATE_FAMILY(SoftmaxKernels, softmax)
FOLDGATE_FAMILY(StreamKernels, stream)
FOLDGATE_FAMILY(StridedKernels, strided)
FOLDGATE_FAMILY(WinogradKernels, winograd23)
FOLDGATE_FAMILY(WinogradKernels, winograd43)
FOLDGATE_FAMILY(WinogradKernels, winograd25)
#undef FOLDGATE_FAMILY

KernelTable kernel_table() {
  return {{gemm_f32,         activation_f32, attention_f32, average_f32,           bias_f32,
           channel_norm_f32, conv_f32,       depthwise_f32, depthwise_lines_f32,   elementwise_f32,
           embedding_f32,    fft_f32,        narrow_f32,    optimizer_f32,         pool_f32,
           probe_f32,        random_f32,     recurrent_f32, recurrent_generic_f32, row_norm_f32,
           softmax_f32,      stream_f32,     strided_f32,   winograd23_f32,        winograd43_f32,
           winograd25_f32},
          {gemm_f64,         activation_f64, attention_f64, average_f64,           bias_f64,
           channel_norm_f64, conv_f64,       depthwise_f64, depthwise_lines_f64,   elementwise_f64,
           embedding_f64,    fft_f64,        narrow_f64,    optimizer_f64,         pool_f64,
           probe_f64,        random_f64,     recurrent_f64, recurrent_generic_f64, row_norm_f64,
           softmax_f64,      stream_f64,     strided_f64,   winograd23_f64,        winograd43_f64,
           winograd25_f64}};
}

}  // namespace foldgate::FOLDGATE_ISA
