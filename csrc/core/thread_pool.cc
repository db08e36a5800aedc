#include "core/thread_pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "core/affinity.h"
#include "core/check.h"
#include "core/cpu.h"
#include "core/interrupt.h"
#include "core/spin.h"
#include "core/stretches.h"

namespace foldgate {
namespace {

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

constexpr int64_t kSpinNs = 100'000;  // between the ops of a model a worker stays awake
constexpr int64_t kOpenNs = 500'000;  // and for so long while others are still at the region that it has left
constexpr size_t kStackBytes =
    1 << 20;  // musl's default of 128 KiB is too small for a register tile's spills

thread_local bool inside_region = false;
thread_local bool shares_next = false;  // workers_for left the call alone that a next one would share

class ThreadPool {
 public:
  void region(int workers, FunctionRef<void(int)> body) {
    std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    if (!owner) return run_alone(body);
    body_ = &body;
    workers_.store(workers);
    if (openmp_.parallel) {
      borrow();
    } else {
      grow(workers - 1);
      open();
      run_alone(body);
      close();
    }
    end_shareable();
  }

  // Whether a call with work to share follows the end of another one while the workers are, or would be, still awake.
  bool in_succession() const { return now_ns() - shareable_.load() < kSpinNs; }
  void end_shareable() { shareable_.store(now_ns()); }

  void set(OpenMp runtime) {
    const std::lock_guard<std::mutex> owner(owner_);
    openmp_ = runtime;
  }

  void stop() {
    const std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    if (!owner) return;  // in use: at exit, by a daemon thread's call that nobody waits for
    {
      std::lock_guard<std::mutex> lock(sleep_);
      stopping_.store(true);
    }
    for (const auto& worker : threads_) worker->wake.notify_one();
    for (const auto& worker : threads_) pthread_join(worker->thread, nullptr);
    threads_.clear();
    stopping_.store(false);
  }

 private:
  struct Worker {
    Worker(ThreadPool* in, int as) : pool(in), number(as) {}
    ThreadPool* pool;
    int number;  // in every region: what it met in one lies in its core's caches for the next
    pthread_t thread{};
    std::condition_variable wake;
    bool asleep = false;   // under sleep_
    AwayFromWaker core{};  // under sleep_
  };

  static void run_alone(FunctionRef<void(int)> body) {
    const bool outer = inside_region;
    inside_region = true;
    body(0);
    inside_region = outer;
  }

  // The region by the threads of another runtime. It ends those of its threads that a smaller team leaves idle, and
  // starting one again costs as much as a small op: so its team keeps its size, and who is too many does nothing.
  void borrow() {
    inside_region = true;
    openmp_.parallel(&ThreadPool::join, this,
                     static_cast<unsigned>(std::max(workers_.load(), openmp_.max_threads())), 0);
    inside_region = false;
  }
  static void join(void* argument) {
    auto& pool = *static_cast<ThreadPool*>(argument);
    if (inside_region) return (*pool.body_)(0);  // the caller
    const int number = pool.openmp_.thread_num();
    if (number >= pool.workers_) return;
    inside_region = true;
    ask_on_this_thread(false);
    (*pool.body_)(number);
    ask_on_this_thread(true);
    inside_region = false;
  }

  // epoch_ is odd while a region is open. A worker announces itself in active_ before it looks at epoch_ again, the
  // caller closes epoch_ before it looks at active_: in the total order of these operations one sees the other.
  void open() {
    epoch_.fetch_add(1);
    if (sleepers_.load() > 0) {
      std::lock_guard<std::mutex> lock(sleep_);
      for (const auto& worker : threads_) {
        if (!worker->asleep || worker->number >= workers_.load()) continue;
        worker->core.confine(worker->thread);
        worker->wake.notify_one();
      }
    }
  }
  void close() {
    epoch_.fetch_add(1);
    while (active_.load() > 0) spin_pause();
  }

  void grow(int count) {
    if (static_cast<int>(threads_.size()) >= count) return;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    sigset_t all, before;  // workers take no signals: those belong to the caller's threads
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (static_cast<int>(threads_.size()) < count) {
      auto worker = std::make_unique<Worker>(this, static_cast<int>(threads_.size()) + 1);
      if (pthread_create(&worker->thread, &attributes, &ThreadPool::start, worker.get()) != 0)
        break;  // fewer workers: same result
      threads_.push_back(std::move(worker));
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
  }

  static void* start(void* argument) {
    inside_region = true;
    ask_on_this_thread(false);
    auto& worker = *static_cast<Worker*>(argument);
    worker.pool->work(worker);
    return nullptr;
  }

  void work(Worker& self) {
    uint64_t seen = 0;
    while (await_region(self, seen)) {
      active_.fetch_add(1);
      if (epoch_.load() == seen) (*body_)(self.number);
      active_.fetch_sub(1);
    }
  }

  // Waits for an open region other than `seen` that has room for the worker: spins until kSpinNs after the end of `seen`,
  // then sleeps: who sleeps while another has a long task left is late for the next region, and falls asleep in that one
  // again. False when the pool stops. workers_ is read after the epoch: it is of that region or, where that has closed, of
  // a later one.
  bool await_region(Worker& self, uint64_t& seen) {
    auto is_new = [&](uint64_t epoch) {
      return (epoch & 1) && epoch != seen && self.number < workers_.load();
    };
    const int64_t begun = now_ns();
    int64_t until = begun + kSpinNs;
    for (int spins = 0; !stopping_.load(); ++spins) {
      const uint64_t epoch = epoch_.load();
      if (is_new(epoch)) {
        seen = epoch;
        return true;
      }
      spin_pause();
      if (spins % 16 < 15) continue;
      const int64_t now = now_ns();
      if (epoch == seen && now < begun + kOpenNs) until = now + kSpinNs;
      if (now > until) {
        std::unique_lock<std::mutex> lock(sleep_);
        self.asleep = true;
        sleepers_.fetch_add(1);
        self.wake.wait(lock, [&] { return is_new(epoch_.load()) || stopping_.load(); });
        sleepers_.fetch_sub(1);
        self.asleep = false;
        self.core.release();
      }
    }
    return false;
  }

  std::atomic<int64_t> shareable_{-kSpinNs};  // when the last call with work to share ended
  std::mutex owner_;                          // held by the thread whose region is open
  OpenMp openmp_;                             // under owner_
  std::vector<std::unique_ptr<Worker>> threads_;
  FunctionRef<void(int)>* body_ = nullptr;
  std::atomic<int> workers_{0};
  alignas(64) std::atomic<uint64_t> epoch_{0};
  alignas(64) std::atomic<int> active_{0};
  std::atomic<int> sleepers_{0};
  std::atomic<bool> stopping_{false};
  std::mutex sleep_;
};

// Never destroyed. A forked child has none of the parent's threads: it drops the pool and starts another.
std::atomic<ThreadPool*>& pool_slot() {
  static std::atomic<ThreadPool*> slot{[] {
    pthread_atfork(nullptr, nullptr, [] {
      pool_slot().store(new ThreadPool);
      inside_region = false;
    });
    return new ThreadPool;
  }()};
  return slot;
}

int initial_threads() {
  for (const char* name : {"FOLDGATE_NUM_THREADS", "OMP_NUM_THREADS"})
    if (const char* value = std::getenv(name))
      if (const int threads = std::atoi(value); threads > 0) return threads;
  return usable_cores();
}

std::atomic<int>& num_threads() {
  static std::atomic<int> threads{initial_threads()};
  return threads;
}

// A call that workers_for left alone has ended.
void end_alone() {
  if (!shares_next) return;
  shares_next = false;
  pool_slot().load()->end_shareable();
}

}  // namespace

int get_num_threads() { return num_threads().load(std::memory_order_relaxed); }

void set_num_threads(int threads) {
  require(threads >= 1, "set_num_threads: threads is ", threads, "; expected at least 1");
  num_threads().store(threads);
}

int workers_for(int64_t tasks, double work) {
  shares_next = work >= kParallelWork && work < kWakingWork && !pool_slot().load()->in_succession();
  if (work < kParallelWork || shares_next) return 1;
  return static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(get_num_threads(), tasks)));
}

void parallel_region(int workers, FunctionRef<void(int)> body) {
  if (workers > 1 && !inside_region) return pool_slot().load()->region(workers, body);
  body(0);
  end_alone();
}

void parallel_for(int64_t tasks, int workers, FunctionRef<void(int64_t, int)> body) {
  if (workers <= 1 || tasks <= 1 || inside_region) {
    for (int64_t task = 0; task < tasks; ++task) {
      body(task, 0);
      check_interrupt();
    }
    return end_alone();
  }
  workers = static_cast<int>(std::min<int64_t>(workers, tasks));
  Stretches stretches(tasks, workers);
  std::atomic<bool> stop{false};
  const auto go_on = [&] { return !stop.load(std::memory_order_relaxed); };
  parallel_region(workers, [&](int worker) {
    stretches.claim(worker, go_on, [&](int64_t task) {
      body(task, worker);
      if (worker == 0 && interrupt_requested()) stop.store(true);
    });
  });
  if (stop.load()) throw Interrupted();
}

void set_openmp(OpenMp runtime) { pool_slot().load()->set(runtime); }

void stop_threads() { pool_slot().load()->stop(); }

}  // namespace foldgate
