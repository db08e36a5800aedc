// Every kernel of a tier, and the choice of the tier. A family is a struct of function pointers in its own header, with
// a definition per tier in its own .cc; a new family adds a line to Kernels<T> and one to table.cc.
#pragma once
#include "kernels/activation.h"
#include "kernels/attention.h"
#include "kernels/average.h"
#include "kernels/bias.h"
#include "kernels/channel_norm.h"
#include "kernels/conv.h"
#include "kernels/depthwise.h"
#include "kernels/depthwise_lines.h"
#include "kernels/elementwise.h"
#include "kernels/embedding.h"
#include "kernels/fft.h"
#include "kernels/gemm.h"
#include "kernels/narrow.h"
#include "kernels/optimizer.h"
#include "kernels/pool.h"
#include "kernels/probe.h"
#include "kernels/random.h"
#include "kernels/recurrent.h"
#include "kernels/recurrent_generic.h"
#include "kernels/row_norm.h"
#include "kernels/softmax.h"
#include "kernels/stream.h"
#include "kernels/strided.h"
#include "kernels/winograd.h"

namespace foldgate {

template <class T>
struct Kernels {
  GemmKernels<T> gemm;
  ActivationKernels<T> activation;
  AttentionKernels<T> attention;
  AverageKernels<T> average;
  BiasKernels<T> bias;
  ChannelNormKernels<T> channel_norm;
  ConvKernels<T> conv;
  DepthwiseKernels<T> depthwise;
  DepthwiseLinesKernels<T> depthwise_lines;
  ElementwiseKernels<T> elementwise;
  EmbeddingKernels<T> embedding;
  FftKernels<T> fft;
  NarrowKernels<T> narrow;
  OptimizerKernels<T> optimizer;
  PoolKernels<T> pool;
  ProbeKernels<T> probe;
  RandomKernels<T> random;
  RecurrentKernels<T> recurrent;
  GenericKernels<T> recurrent_generic;
  RowNormKernels<T> row_norm;
  SoftmaxKernels<T> softmax;
  StreamKernels<T> stream;
  StridedKernels<T> strided;
  WinogradKernels<T> winograd23, winograd43, winograd25;
};

struct KernelTable {
  Kernels<float> f32;
  Kernels<double> f64;
};

// The table of the active tier (core/cpu.h). A call takes it once, so that a cap set meanwhile never mixes tiers.
const KernelTable& active_table();

template <class T>
const Kernels<T>& kernels();
template <>
inline const Kernels<float>& kernels<float>() {
  return active_table().f32;
}
template <>
inline const Kernels<double>& kernels<double>() {
  return active_table().f64;
}

}  // namespace foldgate
