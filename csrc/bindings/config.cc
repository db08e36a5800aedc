#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>

#include "bindings/gil.h"
#include "bindings/register.h"
#include "core/allocator.h"
#include "core/check.h"
#include "core/cpu.h"
#include "core/handover.h"
#include "core/thread_pool.h"
#include "kernels/table.h"

// For threadpoolctl, which steers libraries through C symbols.
extern "C" {
__attribute__((visibility("default"))) int foldgate_get_num_threads() { return foldgate::get_num_threads(); }
__attribute__((visibility("default"))) void foldgate_set_num_threads(int threads) {
  foldgate::set_num_threads(threads < 1 ? 1 : threads);
}
}

namespace foldgate {
namespace py = pybind11;
namespace {

std::vector<std::string> isa_names() {
  std::vector<std::string> names;
  for (Isa isa : available_isas()) names.push_back(isa_name(isa));
  return names;
}

const char* compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

// GFLOP/s of one thread at the active tier: the best of several short bursts, since anything else only lowers it.
template <class T>
double measure_peak() {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t kRounds = 200'000;
  double best = 0;
  for (int burst = 0; burst < 20; ++burst) {
    T sink = T(0.5);
    const auto start = Clock::now();
    const double flops = kernels<T>().probe.multiply_add(kRounds, &sink);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, flops / seconds / 1e9);
  }
  return best;
}

}  // namespace

void register_config(py::module_& module) {
  answer_interrupts();
  module.def("get_num_threads", &get_num_threads, "Threads that a call may use.");
  module.def("set_num_threads", &set_num_threads, py::arg("threads"),
             "Sets the threads that a call may use.");
  module.def(
      "set_openmp",
      [](uintptr_t parallel, uintptr_t max_threads, uintptr_t thread_num) {
        set_openmp({reinterpret_cast<decltype(OpenMp::parallel)>(parallel),
                    reinterpret_cast<decltype(OpenMp::max_threads)>(max_threads),
                    reinterpret_cast<decltype(OpenMp::thread_num)>(thread_num)});
      },
      py::arg("parallel"), py::arg("max_threads"), py::arg("thread_num"),
      py::call_guard<py::gil_scoped_release>(),
      "Takes the workers from the OpenMP runtime with these functions (GOMP_parallel, omp_get_max_threads, "
      "omp_get_thread_num); zeros: has its own.");
  module.def("stop_threads", &stop_threads, py::call_guard<py::gil_scoped_release>(),
             "Ends the worker threads; the next large call starts them anew.");
  module.def("isas", &isa_names, "Tiers that this machine can run, worst first.");
  module.def("active_isa", [] { return isa_name(active_isa()); }, "The tier in use.");
  module.def(
      "set_max_isa", [](const std::string& name) { set_max_isa(isa_from_name(name)); }, py::arg("name"),
      "Caps the tier.");
  module.def("clear_max_isa", &clear_max_isa, "Lifts the cap.");
  module.def("usable_cores", &usable_cores, "Cores by affinity and cgroup quota.");
  module.def(
      "cache_sizes",
      [] {
        const CacheSizes sizes = cache_sizes();
        py::dict result;
        result["l1d"] = sizes.l1d;
        result["l2"] = sizes.l2;
        result["l3"] = sizes.l3;
        return result;
      },
      "Bytes of the data caches; 0 where the system does not say.");
  module.def("measure_handover", &measure_handover, py::call_guard<py::gil_scoped_release>(),
             "Nanoseconds in which a value passes from one core to another; 0 where no second one came.");
  module.def("compiler", &compiler, "The compiler of this build.");
  module.def("cached_bytes", &cached_bytes, "Bytes that the caching allocator keeps for reuse.");
  module.def("release_cached", &release_cached, "Gives the kept bytes back to the system.");
  module.def("cache_limit", &cache_limit, "Bytes that the caching allocator keeps at most.");
  module.def("set_cache_limit", &set_cache_limit, py::arg("bytes"), "Sets how many bytes are kept at most.");
  module.def(
      "measure_peak",
      [](const std::string& dtype) {
        require(dtype == "float32" || dtype == "float64", "measure_peak: dtype is '", dtype,
                "'; expected 'float32' or 'float64'");
        double peak = 0;
        without_gil([&] { peak = dtype == "float32" ? measure_peak<float>() : measure_peak<double>(); });
        return peak;
      },
      py::arg("dtype") = "float32", "GFLOP/s of multiply-adds that one thread reaches at the active tier.");
}

}  // namespace foldgate
