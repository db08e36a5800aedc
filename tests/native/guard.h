// Memory with a PROT_NONE page at both ends, so that one element read or written past either end faults at once
// (an address sanitizer cannot see over-reads inside an allocator's padding, nor those of hand-written vector loads
// that stay inside its red zone).
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace foldgate::test {

// Emulators may read a whole vector for a masked load (qemu 7.2 does for AVX2's), which no CPU does: there,
// FOLDGATE_NO_GUARD_PAGES leaves the pages around the data readable.
inline bool guarding() { return std::getenv("FOLDGATE_NO_GUARD_PAGES") == nullptr; }

enum class Flush { kFront, kBack };  // which end of the array touches its guard page

// n elements of T, set to `fill`, unmapped when it goes out of scope. Back-flush arrays are aligned to T alone.
template <class T>
class Guarded {
 public:
  explicit Guarded(int64_t n, Flush flush = Flush::kBack, T fill = T()) : size_(n) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t bytes = static_cast<size_t>(n) * sizeof(T);
    const size_t inner = (bytes + page - 1) / page * page;
    mapped_ = inner + 2 * page;
    base_ = static_cast<char*>(
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED) throw std::bad_alloc();
    if (guarding()) {
      mprotect(base_, page, PROT_NONE);
      mprotect(base_ + page + inner, page, PROT_NONE);
    }
    char* first = base_ + page + (flush == Flush::kBack ? inner - bytes : 0);
    data_ = reinterpret_cast<T*>(first);
    for (int64_t i = 0; i < n; ++i) data_[i] = fill;
  }
  ~Guarded() { munmap(base_, mapped_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  int64_t size() const { return size_; }
  T& operator[](int64_t i) { return data_[i]; }
  const T& operator[](int64_t i) const { return data_[i]; }

 private:
  int64_t size_;
  size_t mapped_;
  char* base_;
  T* data_;
};

}  // namespace foldgate::test
