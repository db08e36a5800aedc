// Threads. A region is a body that the caller runs at once and that idle workers join: late, early or never. So a
// body must be right for any subset of workers, which costs nothing when work is claimed from shared counters
// (parallel_for) and means that a sleeping or descheduled worker never holds up the caller.
//
// Sums are cut by shape alone and every task computes the same whoever runs it: results are bit-identical for any
// number of threads.
#pragma once
#include <cstdint>

#include "core/function_ref.h"

namespace foldgate {

int get_num_threads();
void set_num_threads(int threads);  // throws ValueError below 1

// Workers for a call of `work` multiply-adds in `tasks` tasks: 1 under kParallelWork, and never more than there are tasks or
// threads. A worker that sleeps is woken for kWakingWork and more, or where calls follow each other: their workers stay
// awake in between.
constexpr double kParallelWork = 1e6;  // ~8 us of one core, against ~2 us to share them
constexpr double kWakingWork = 4e6;    // ~30 us, against ~13 us to wake another
// What a pass over memory counts for a value that it reads and writes, ~.13 ns: as many multiply-adds take as long.
constexpr double kValueWork = 16;
int workers_for(int64_t tasks, double work);

// body(worker), worker 0 (the caller) and, when they join in time, 1 .. workers - 1. Falls back to the caller alone
// when another thread's region holds the pool or when called from inside a region.
void parallel_region(int workers, FunctionRef<void(int worker)> body);

// body(task, worker) once for every task in [0, tasks): every worker begins with a stretch of its own (stretches.h).
// Answers an interrupt between tasks (interrupt.h).
void parallel_for(int64_t tasks, int workers, FunctionRef<void(int64_t task, int worker)> body);

// Threads of an OpenMP runtime that somebody else in the process uses, too: they spin for milliseconds after each of
// its regions, and would take the cores from the pool's own. With a runtime set, its threads are the workers, each of
// which waits for the others; a forked child goes back to the pool.
struct OpenMp {
  void (*parallel)(void (*body)(void*), void* argument, unsigned threads,
                   unsigned flags) = nullptr;  // GOMP_parallel
  int (*max_threads)() = nullptr;              // omp_get_max_threads
  int (*thread_num)() = nullptr;               // omp_get_thread_num
};
void set_openmp(OpenMp runtime);  // none: the pool's own

// Ends the workers, unless a region is open; the next region starts them anew.
void stop_threads();

}  // namespace foldgate
