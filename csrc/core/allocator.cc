#include "core/allocator.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>

namespace foldgate {
namespace {

constexpr int kSmallestLog2 = 8;                    // 256 bytes
constexpr int kClasses = (63 - kSmallestLog2) * 4;  // four to the octave
constexpr int64_t kLargest = int64_t{1} << 62;

// Stands one cache line before the block that the caller sees.
struct alignas(kAlignment) Header {
  Header* next;
  int64_t size;  // of its class
  int size_class;
};
static_assert(sizeof(Header) == kAlignment);

struct SizeClass {
  int index;
  int64_t size;
};

// Blocks of two huge pages and more ask for such pages, and begin in the middle of a small one. NumPy's own large arrays
// begin 16 bytes into theirs; beside a result that begins 64 bytes into its own, nearly every load seems to follow a store
// to its address: exp of 8 M values took 7.5 ms, and 1.6 to 2.5 at other distances (Zen 4).
constexpr int64_t kHugePage = 2 << 20;
constexpr int64_t kIntoPage = 2048;
int64_t lead_of(int64_t size) {
  return size + static_cast<int64_t>(sizeof(Header)) < 2 * kHugePage ? 0 : kIntoPage;
}
void give_back(Header* block) { std::free(reinterpret_cast<char*>(block) - lead_of(block->size)); }

// The smallest (4 + quarter) * 2^(octave - 2) that holds `bytes`.
SizeClass size_class_of(int64_t bytes) {
  if (bytes <= int64_t{1} << kSmallestLog2) return {0, int64_t{1} << kSmallestLog2};
  const int octave = 63 - __builtin_clzll(static_cast<uint64_t>(bytes - 1));
  const int64_t step = int64_t{1} << (octave - 2);
  const int64_t quarter = (bytes - 1 - (int64_t{1} << octave)) / step + 1;  // 1 .. 4
  return {(octave - kSmallestLog2) * 4 + static_cast<int>(quarter), (4 + quarter) * step};
}

int64_t default_limit() {
  const int64_t memory = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  return memory / 4;
}

struct Cache {
  std::mutex mutex;
  Header* free[kClasses + 1] = {};
  int64_t bytes = 0;
  int64_t limit = default_limit();

  Header* take(int index) {
    Header* block = free[index];
    if (block) {
      free[index] = block->next;
      bytes -= block->size;
    }
    return block;
  }
  void put(Header* block) {
    block->next = free[block->size_class];
    free[block->size_class] = block;
    bytes += block->size;
  }
  void release() {
    for (Header*& list : free)
      while (list) {
        Header* block = list;
        list = block->next;
        give_back(block);
      }
    bytes = 0;
  }
};

// Never destroyed: arrays may outlive static destructors. The lock is held across fork, so that a child never
// inherits it from a thread that does not exist there.
Cache& cache() {
  static Cache* const instance = [] {
    static Cache* created = new Cache;
    pthread_atfork([] { created->mutex.lock(); }, [] { created->mutex.unlock(); },
                   [] { created->mutex.unlock(); });
    return created;
  }();
  return *instance;
}

// Room for a header and a block behind it. Huge pages cost a five-hundredth of the faults and of the entries of the TLB.
void* take_new(int64_t size) {
  const int64_t lead = lead_of(size);
  const size_t bytes = static_cast<size_t>(lead + size) + sizeof(Header);
  if (lead == 0) return std::aligned_alloc(kAlignment, bytes);
  constexpr size_t kPage = kHugePage;
  const size_t rounded = (bytes + kPage - 1) / kPage * kPage;
  char* memory = static_cast<char*>(std::aligned_alloc(kPage, rounded));
  if (!memory) return nullptr;
#ifdef MADV_HUGEPAGE
  madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  return memory + lead;
}

class NoMemory final : public std::bad_alloc {
 public:
  explicit NoMemory(int64_t bytes) noexcept {
    std::snprintf(text_, sizeof text_, "no memory for %lld bytes", static_cast<long long>(bytes));
  }
  const char* what() const noexcept override { return text_; }

 private:
  char text_[48];
};

// What an allocation of nothing gets: extents of 0 are common, and take no lock.
alignas(kAlignment) char nothing[kAlignment];

}  // namespace

void* allocate(int64_t bytes) {
  if (bytes == 0) return nothing;
  if (bytes < 0 || bytes > kLargest) throw NoMemory(bytes);
  const SizeClass size_class = size_class_of(bytes);
  Cache& shared = cache();
  {
    std::lock_guard<std::mutex> lock(shared.mutex);
    if (Header* block = shared.take(size_class.index)) return block + 1;
  }
  void* memory = take_new(size_class.size);
  if (!memory) {
    release_cached();
    memory = take_new(size_class.size);
  }
  if (!memory) throw NoMemory(bytes);
  return new (memory) Header{nullptr, size_class.size, size_class.index} + 1;
}

void deallocate(void* block) noexcept {
  if (!block || block == nothing) return;
  Header* header = static_cast<Header*>(block) - 1;
  Cache& shared = cache();
  std::lock_guard<std::mutex> lock(shared.mutex);
  if (header->size > shared.limit) {
    give_back(header);
    return;
  }
  if (shared.bytes + header->size > shared.limit) shared.release();
  shared.put(header);
}

int64_t cached_bytes() {
  std::lock_guard<std::mutex> lock(cache().mutex);
  return cache().bytes;
}

void release_cached() {
  std::lock_guard<std::mutex> lock(cache().mutex);
  cache().release();
}

int64_t cache_limit() {
  std::lock_guard<std::mutex> lock(cache().mutex);
  return cache().limit;
}

void set_cache_limit(int64_t bytes) {
  std::lock_guard<std::mutex> lock(cache().mutex);
  cache().limit = bytes < 0 ? 0 : bytes;
  if (cache().bytes > cache().limit) cache().release();
}

}  // namespace foldgate
