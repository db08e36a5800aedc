// The caching allocator behind native outputs and scratch: a loop of calls gets the same warm blocks again and
// pays no page faults. Blocks are 64-byte aligned and come in size classes four to the octave (at most 25 %
// larger than asked for). What is freed is kept up to a limit; past it everything kept goes back to the system.
#pragma once
#include <cstddef>
#include <cstdint>

namespace foldgate {

constexpr size_t kAlignment = 64;  // a cache line and the widest vector

void* allocate(int64_t bytes);          // throws std::bad_alloc
void deallocate(void* block) noexcept;  // null is fine

int64_t cached_bytes();
void release_cached();
int64_t cache_limit();
void set_cache_limit(int64_t bytes);

}  // namespace foldgate
