// Scratch of one call: a typed block from the caching allocator, given back at the end of its scope. Taken before
// threads start, never inside a task; contents are undefined until written.
#pragma once
#include <cstring>
#include <new>
#include <utility>

#include "core/allocator.h"

namespace foldgate {

template <class T>
class Scratch {
 public:
  Scratch() = default;
  explicit Scratch(int64_t count) : data_(static_cast<T*>(allocate(bytes_of(count)))), size_(count) {}
  Scratch(Scratch&& other) noexcept : data_(other.data_), size_(other.size_) {
    other.data_ = nullptr;
    other.size_ = 0;
  }
  Scratch& operator=(Scratch&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Scratch() { deallocate(data_); }

  T* data() const { return data_; }
  int64_t size() const { return size_; }
  T& operator[](int64_t i) const { return data_[i]; }
  void zero() const { std::memset(static_cast<void*>(data_), 0, static_cast<size_t>(size_) * sizeof(T)); }

 private:
  static int64_t bytes_of(int64_t count) {
    int64_t bytes;
    if (count < 0 || __builtin_mul_overflow(count, static_cast<int64_t>(sizeof(T)), &bytes))
      throw std::bad_alloc();
    return bytes;
  }
  T* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace foldgate
