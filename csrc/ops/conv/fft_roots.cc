#include "ops/conv/fft_roots.h"

#include <atomic>
#include <cmath>

namespace foldgate {
namespace {

// exp(-2 pi i k / n), 0 <= k < n, within half a unit of the last place: from an angle of at most pi / 4.
struct Root {
  Root(int64_t k, int64_t n) {
    const int64_t octant = 8 * k / n, far = octant % 2;
    const int64_t rest = far ? n * (octant + 1) / 8 - k : k - n * octant / 8;
    const double angle = 2 * 3.14159265358979323846 * static_cast<double>(rest) / static_cast<double>(n);
    const double c = std::cos(angle), s = std::sin(angle);
    const double cosines[8] = {c, s, -s, -c, -c, -s, s, c}, sines[8] = {s, c, c, s, -s, -c, -c, -s};
    re = cosines[octant];
    im = -sines[octant];
  }
  double re, im;
};

template <class T>
const T* made(int64_t size) {
  int64_t count = 0;
  for (int64_t n = size; n > 4; n /= 4) count += 6 * (n / 4);
  T* const roots = new T[static_cast<size_t>(count) + 1];
  T* next = roots;
  for (int64_t n = size; n > 4; n /= 4) {
    for (int64_t j = 0; j < n / 4; ++j) {
      for (int64_t power = 1; power <= 3; ++power) {
        const Root root(power * j, n);
        *next++ = static_cast<T>(root.re);
        *next++ = static_cast<T>(root.im);
      }
    }
  }
  return roots;
}

}  // namespace

// No lock, which a fork could leave taken: of two threads that make a table at once, one drops its own.
template <class T>
const T* fft_roots(int64_t size) {
  static std::atomic<const T*> tables[17];
  int log = 0;
  while (int64_t{1} << log < size) ++log;
  std::atomic<const T*>& table = tables[log];
  if (const T* ready = table.load(std::memory_order_acquire)) return ready;
  const T* fresh = made<T>(size);
  const T* ready = nullptr;
  if (table.compare_exchange_strong(ready, fresh, std::memory_order_acq_rel)) return fresh;
  delete[] fresh;
  return ready;
}

template const float* fft_roots(int64_t);
template const double* fft_roots(int64_t);

}  // namespace foldgate
