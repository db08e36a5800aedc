// Loops that wait for another thread.
#pragma once
#include <thread>

namespace foldgate {

inline void spin_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// `waits`: how often already. Who yields at once stands behind every other process.
inline void spin_or_yield(int waits) {
  constexpr int kSpins = 2000;  // ~100 us
  waits > kSpins ? std::this_thread::yield() : spin_pause();
}

}  // namespace foldgate
