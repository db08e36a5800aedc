#include "ops/pool/unpool.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/gemm.h"
#include "ops/pool/winners.h"

namespace foldgate {
namespace {

struct ImageTasks {
  explicit ImageTasks(const UnpoolPlan& plan)
      : split(plan.images, std::max<int64_t>(1, (int64_t{1} << 15) / std::max<int64_t>(1, values(plan)))),
        workers(workers_for(split.parts,
                            8 * static_cast<double>(plan.images) * static_cast<double>(values(plan)))) {}
  // body(worker, image)
  template <class Body>
  void run(Body body) const {
    parallel_for(split.parts, workers, [&](int64_t task, int worker) {
      for (int64_t i = 0; i < split.size(task); ++i) body(worker, split.begin(task) + i);
    });
  }
  static int64_t values(const UnpoolPlan& plan) { return (plan.inputs + plan.outputs) * plan.pixel; }
  EvenSplit split;
  int workers;
};

constexpr const char* kExpected = "position of the plane of output_shape";

}  // namespace

UnpoolPlan UnpoolPlan::make(const char* op, const std::vector<int64_t>& input_shape,
                            const std::vector<int64_t>& output_shape, bool channels_first) {
  require(input_shape.size() >= 3 && input_shape.size() <= 5, op, ": x has shape ", shape_text(input_shape),
          "; expected 3 to 5 axes (batch, channels and 1 to 3 spatial)");
  const size_t axes = input_shape.size(), channels = channels_first ? 1 : axes - 1;
  require(output_shape.size() == axes && output_shape[0] == input_shape[0] &&
              output_shape[channels] == input_shape[channels],
          op, ": output_shape is ", shape_text(output_shape),
          "; expected x's batch, channels and number of axes of ", shape_text(input_shape));
  for (const auto* shape : {&input_shape, &output_shape}) {
    for (int64_t extent : *shape)
      require(extent >= 0, op, ": output_shape is ", shape_text(output_shape),
              "; expected no negative extents");
    checked_product(op, *shape);
  }
  UnpoolPlan plan;
  for (size_t i = 1; i < axes; ++i) {
    if (i == channels) continue;
    plan.inputs = checked_mul(op, plan.inputs, input_shape[i]);
    plan.outputs = checked_mul(op, plan.outputs, output_shape[i]);
  }
  plan.images = channels_first ? checked_mul(op, input_shape[0], input_shape[1]) : input_shape[0];
  plan.pixel = channels_first ? 1 : input_shape[channels];
  if (plan.images == 0 || plan.pixel == 0) plan.images = 0;
  return plan;
}

template <class T>
void max_unpool(const UnpoolPlan& plan, const T* x, const int64_t* positions, T* y) {
  FirstWrong wrong;
  ImageTasks(plan).run([&](int, int64_t image) {
    T* plane = y + image * plan.outputs * plan.pixel;
    std::memset(static_cast<void*>(plane), 0, static_cast<size_t>(plan.outputs * plan.pixel) * sizeof(T));
    int64_t i = image * plan.inputs * plan.pixel;
    for (int64_t p = 0; p < plan.inputs; ++p)
      for (int64_t c = 0; c < plan.pixel; ++c, ++i) {
        const int64_t at = positions[i];
        if (at < 0 || at >= plan.outputs) return wrong.report(i);
        plane[at * plan.pixel + c] = x[i];
      }
  });
  wrong.check("max_unpool", positions, kExpected);
}

template <class T>
void max_unpool_backward(const UnpoolPlan& plan, const T* dy, const int64_t* positions, T* dx) {
  FirstWrong wrong;
  const ImageTasks tasks(plan);
  const int64_t values = plan.outputs * plan.pixel;
  std::vector<Scratch<uint8_t>> taken;  // positions whose value has been met, from the last to the first
  for (int worker = 0; worker < tasks.workers; ++worker) taken.emplace_back(values);
  tasks.run([&](int worker, int64_t image) {
    const Scratch<uint8_t>& met = taken[static_cast<size_t>(worker)];
    met.zero();
    const T* plane = dy + image * values;
    int64_t i = (image + 1) * plan.inputs * plan.pixel - 1;
    for (int64_t p = plan.inputs - 1; p >= 0; --p)
      for (int64_t c = plan.pixel - 1; c >= 0; --c, --i) {
        if (positions[i] < 0 || positions[i] >= plan.outputs) {
          wrong.report(i);
          continue;
        }
        const int64_t at = positions[i] * plan.pixel + c;
        dx[i] = met[at] ? T(0) : plane[at];
        met[at] = 1;
      }
  });
  wrong.check("max_unpool_backward", positions, kExpected);
}

template void max_unpool(const UnpoolPlan&, const float*, const int64_t*, float*);
template void max_unpool(const UnpoolPlan&, const double*, const int64_t*, double*);
template void max_unpool_backward(const UnpoolPlan&, const float*, const int64_t*, float*);
template void max_unpool_backward(const UnpoolPlan&, const double*, const int64_t*, double*);

}  // namespace foldgate
