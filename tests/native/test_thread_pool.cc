// core/thread_pool.h: every task exactly once whatever the threads do, and what fork, nesting, other callers and
// interrupts leave behind.
#include "core/thread_pool.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "check.h"
#include "core/cpu.h"
#include "core/handover.h"
#include "core/interrupt.h"

namespace foldgate {
namespace {

using Clock = std::chrono::steady_clock;

// Tasks that were not run exactly once.
int64_t miscounted(int64_t tasks, int workers) {
  std::vector<std::atomic<int>> counts(static_cast<size_t>(tasks));
  parallel_for(tasks, workers, [&](int64_t task, int) { ++counts[static_cast<size_t>(task)]; });
  int64_t wrong = 0;
  for (const auto& count : counts) wrong += count.load() != 1;
  return wrong;
}

TEST(thread_pool, every_task_runs_exactly_once) {
  for (int workers : {1, 2, 3, 8, 20}) {
    for (int64_t tasks : {0, 1, 2, 3, 7, 64, 1000}) {
      for (int round = 0; round < 20; ++round) CHECK_EQ(miscounted(tasks, workers), 0);
    }
  }
}

// Two workers: who helps has nothing left of its own, and then the other's stretch is all there is.
TEST(thread_pool, a_worker_begins_with_its_own_stretch_of_the_tasks) {
  const auto until = Clock::now() + std::chrono::seconds(10);
  for (int joined = 0; joined < 20 && Clock::now() < until;) {
    std::atomic<int64_t> first[2] = {-1, -1};
    parallel_for(100, 2, [&](int64_t task, int worker) {
      int64_t none = -1;
      first[worker].compare_exchange_strong(none, task);
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    });
    CHECK_EQ(first[0].load(), 0);
    joined += first[1] >= 0;
    CHECK(first[1] < 0 || first[1] >= 50);
  }
  CHECK(Clock::now() < until);
}

TEST(thread_pool, writes_of_the_tasks_are_seen_after_the_call) {
  std::vector<int64_t> plain(1000);
  for (int64_t round = 1; round <= 200; ++round) {
    parallel_for(1000, 3, [&](int64_t task, int) { plain[static_cast<size_t>(task)] = round * task; });
    int wrong = 0;
    for (int64_t task = 0; task < 1000; ++task) wrong += plain[static_cast<size_t>(task)] != round * task;
    CHECK_EQ(wrong, 0);
  }
}

// What worker 1 sees once it has joined: its core, and the cores that it may use.
struct Seat {
  int core = -1;
  cpu_set_t allowed{};
};

Seat seat_of_a_woken_worker() {
  std::this_thread::sleep_for(std::chrono::milliseconds(5));  // long enough for an idle worker to fall asleep
  Seat seat;
  std::atomic<bool> seated{false};
  const auto patience = Clock::now() + std::chrono::seconds(5);
  parallel_region(2, [&](int worker) {
    if (worker == 0) {
      while (!seated.load() && Clock::now() < patience) {
      }
      return;
    }
    seat.core = sched_getcpu();
    sched_getaffinity(0, sizeof seat.allowed, &seat.allowed);
    seated.store(true);
  });
  return seat;
}

TEST(thread_pool, a_woken_worker_takes_another_core_and_keeps_its_own) {
  cpu_set_t mine;
  sched_getaffinity(0, sizeof mine, &mine);
  if (CPU_COUNT(&mine) < 2) return;
  int shared = 0;
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    const int here = sched_getcpu();
    const Seat seat = seat_of_a_woken_worker();
    CHECK(seat.core >= 0);
    CHECK(CPU_EQUAL(&mine, &seat.allowed));
    shared += seat.core == here;
  }
  CHECK(shared <= kRounds / 4);  // the caller itself may move meanwhile
}

TEST(thread_pool, a_worker_number_is_one_thread_at_a_time) {
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> inside[3] = {}, collisions{0}, out_of_range{0};
    parallel_for(64, 3, [&](int64_t, int worker) {
      if (worker < 0 || worker >= 3) return void(++out_of_range);
      if (inside[worker].fetch_add(1) != 0) ++collisions;
      inside[worker].fetch_sub(1);
    });
    CHECK_EQ(collisions.load() + out_of_range.load(), 0);
  }
}

// Whether a second thread takes part in regions within ten seconds.
bool workers_join() {
  std::set<std::thread::id> seen;
  std::mutex mutex;
  const auto until = Clock::now() + std::chrono::seconds(10);
  while (seen.size() < 2 && Clock::now() < until) {
    parallel_for(8, 2, [&](int64_t, int) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::lock_guard<std::mutex> lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
  }
  return seen.size() == 2;
}

TEST(thread_pool, workers_do_join_a_long_region) { CHECK(workers_join()); }

TEST(thread_pool, a_region_inside_a_region_runs_on_its_own_thread) {
  std::atomic<int> total{0}, strangers{0};
  parallel_for(16, 3, [&](int64_t, int) {
    const auto self = std::this_thread::get_id();
    parallel_for(10, 3, [&](int64_t, int worker) {
      ++total;
      if (worker != 0 || std::this_thread::get_id() != self) ++strangers;
    });
  });
  CHECK_EQ(total.load(), 160);
  CHECK_EQ(strangers.load(), 0);
}

TEST(thread_pool, callers_from_many_threads_do_not_mix) {
  std::atomic<int64_t> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) wrong += miscounted(50, 3);
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK_EQ(wrong.load(), 0);
}

TEST(thread_pool, a_value_passes_between_cores_in_less_than_a_millisecond) {
  double ns = 0;
  for (int tries = 0; ns == 0 && tries < 200 && usable_cores() > 1; ++tries) ns = measure_handover();
  CHECK(ns > 0 || usable_cores() == 1);
  CHECK(ns < 1e6);
}

TEST(thread_pool, nobody_to_pass_a_value_to) {
  double inside = -1;
  parallel_for(2, 2, [&](int64_t task, int) {
    if (task == 0) inside = measure_handover();  // a region inside a region has one worker
  });
  CHECK_EQ(inside, 0.0);
}

// A runtime like OpenMP's: its team comes when a region opens and all have to leave before it ends.
unsigned teams_of = 0;
thread_local int number_in_team = 0;
void parallel_by_a_team(void (*body)(void*), void* argument, unsigned threads, unsigned) {
  teams_of = threads;
  std::vector<std::thread> team;
  for (unsigned i = 1; i < threads; ++i)
    team.emplace_back([=] {
      number_in_team = static_cast<int>(i);
      body(argument);
    });
  body(argument);
  for (std::thread& member : team) member.join();
}

TEST(thread_pool, another_runtimes_threads_do_the_work) {
  set_openmp({&parallel_by_a_team, [] { return 3; }, [] { return number_in_team; }});
  for (int64_t tasks : {2, 7, 1000}) CHECK_EQ(miscounted(tasks, 2), 0);
  CHECK_EQ(teams_of, 3u);  // keeps its size; the third has nothing to do
  CHECK_EQ(miscounted(100, 5), 0);
  CHECK_EQ(teams_of, 5u);
  std::atomic<int> inner{0};  // a region inside a region
  parallel_for(4, 2,
               [&](int64_t, int) { parallel_for(8, 2, [&](int64_t, int worker) { inner += worker == 0; }); });
  CHECK_EQ(inner.load(), 32);
  set_openmp({});
  CHECK_EQ(miscounted(100, 5), 0);
}

TEST(thread_pool, stopped_threads_start_again) {
  CHECK_EQ(miscounted(100, 3), 0);
  stop_threads();
  CHECK_EQ(miscounted(100, 3), 0);
  stop_threads();
  stop_threads();
  CHECK_EQ(miscounted(100, 3), 0);
}

// A child that works through a pool of its own: 0 when all its tasks ran once and threads joined it.
int forked_child_status() {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);  // a hang in the child is a failure of this test, not of the run
    const int64_t wrong = miscounted(100, 3);
    const bool joined = workers_join();
    stop_threads();
    _exit(wrong > 0 ? 1 : joined ? 0 : 2);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

TEST(thread_pool, a_forked_child_starts_its_own_threads) {
  CHECK_EQ(miscounted(100, 3), 0);  // the parent's threads exist
  for (int round = 0; round < 10; ++round) CHECK_EQ(forked_child_status(), 0);
  CHECK_EQ(miscounted(100, 3), 0);
}

TEST(thread_pool, a_fork_while_a_region_is_open_does_not_hang_the_child) {
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) miscounted(50, 3);
  });
  for (int round = 0; round < 20; ++round) CHECK_EQ(forked_child_status(), 0);
  stop = true;
  busy.join();
}

TEST(thread_pool, workers_take_no_signals) {
  std::atomic<int> open{0};
  for (int round = 0; round < 50; ++round) {
    parallel_for(8, 3, [&](int64_t, int worker) {
      sigset_t mask;
      pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      if (worker > 0 && !sigismember(&mask, SIGINT)) ++open;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    });
  }
  CHECK_EQ(open.load(), 0);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  CHECK(!sigismember(&mask, SIGINT));  // the caller's own mask is as before
}

std::atomic<int> asked{0};
std::atomic<std::thread::id> asked_on;

bool interrupted_hook() {
  asked_on = std::this_thread::get_id();
  return ++asked >= 2;
}

TEST(interrupt, the_hook_ends_a_long_call_from_its_own_thread) {
  asked = 0;
  std::atomic<int64_t> ran{0};
  bool thrown = false;
  set_interrupt_hook(interrupted_hook);
  start_interrupt_clock();
  const auto begin = Clock::now();
  try {
    parallel_for(100000, 3, [&](int64_t, int) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++ran;
    });
  } catch (const Interrupted&) {
    thrown = true;
  }
  set_interrupt_hook(nullptr);
  CHECK(thrown);
  CHECK_EQ(asked.load(), 2);
  CHECK(asked_on.load() == std::this_thread::get_id());
  CHECK_LE(ran.load(), 50000);
  const std::chrono::duration<double> took = Clock::now() - begin;
  CHECK_LE(took.count(), 20.0);     // the whole loop would take more than 33 s on three threads
  CHECK_EQ(miscounted(100, 3), 0);  // and the pool is as good as before
}

TEST(interrupt, an_interrupt_inside_a_loop_of_its_own) {
  asked = 1;  // the next question is answered with yes
  set_interrupt_hook(interrupted_hook);
  start_interrupt_clock();
  const auto until = Clock::now() + std::chrono::seconds(10);
  auto loop = [&] {
    while (Clock::now() < until) check_interrupt();
  };
  CHECK_THROWS(loop(), Interrupted, "interrupted");
  set_interrupt_hook(nullptr);
}

TEST(interrupt, a_short_call_asks_nothing) {
  asked = 0;
  set_interrupt_hook(interrupted_hook);
  start_interrupt_clock();
  CHECK_EQ(miscounted(10, 2), 0);
  set_interrupt_hook(nullptr);
  CHECK_EQ(asked.load(), 0);
}

TEST(threads, their_number_is_checked_and_bounds_the_workers) {
  const int before = get_num_threads();
  CHECK_THROWS(set_num_threads(0), std::invalid_argument,
               "set_num_threads: threads is 0; expected at least 1");
  CHECK_THROWS(set_num_threads(-4), std::invalid_argument, "threads is -4");
  CHECK_EQ(get_num_threads(), before);
  set_num_threads(3);
  CHECK_EQ(workers_for(100, kWakingWork), 3);
  CHECK_EQ(workers_for(2, kWakingWork), 2);
  CHECK_EQ(workers_for(0, kWakingWork), 1);
  CHECK_EQ(workers_for(100, kParallelWork / 2), 1);  // small problems stay on the caller
  set_num_threads(before);
}

TEST(threads, a_smaller_call_has_workers_if_it_follows_another) {
  const int before = get_num_threads();
  set_num_threads(2);
  const auto rest = [] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
  const auto follows =
      [&](auto first) {  // within the time that workers stay awake, if this thread is not kept from it
        bool shared = false;
        for (int i = 0; i < 200 && !shared; ++i) {
          rest();
          first();
          shared = workers_for(100, kParallelWork) == 2;
        }
        return shared;
      };
  rest();
  CHECK_EQ(workers_for(100, kParallelWork), 1);  // alone: nobody is woken
  const auto alone = [](double work) {           // for longer than a worker stays awake
    parallel_for(4, workers_for(4, work),
                 [](int64_t, int) { std::this_thread::sleep_for(std::chrono::microseconds(50)); });
  };
  CHECK(follows([&] { alone(kParallelWork); }));
  CHECK(follows([] { parallel_for(2, 2, [](int64_t, int) {}); }));
  CHECK(!follows([&] { alone(kParallelWork / 2); }));  // calls that would share nothing are no company
  set_num_threads(before);
}

}  // namespace
}  // namespace foldgate
