// core/allocator.h and core/scratch.h: alignment, reuse, the cache's bound, and sizes that cannot be.
#include "core/allocator.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include "check.h"
#include "core/scratch.h"

namespace foldgate {
namespace {

// The cache is the process's own: each test starts with it empty and puts the limit back.
struct EmptyCache {
  int64_t limit = cache_limit();
  EmptyCache() { release_cached(); }
  ~EmptyCache() {
    set_cache_limit(limit);
    release_cached();
  }
};

TEST(allocator, every_block_is_aligned_and_wholly_ours) {
  EmptyCache scope;
  for (int64_t bytes : {0, 1, 63, 64, 255, 256, 257, 319, 320, 321, 4095, 4096, 4097, 100000, 3 << 20}) {
    char* block = static_cast<char*>(allocate(bytes));
    CHECK_EQ(reinterpret_cast<uintptr_t>(block) % kAlignment, 0u);
    std::memset(block, 0x5a, static_cast<size_t>(bytes));
    char* other = static_cast<char*>(allocate(bytes));
    CHECK(bytes == 0 || other != block);
    std::memset(other, 0xa5, static_cast<size_t>(bytes));
    for (int64_t i = 0; i < bytes; ++i) {
      if (block[i] != 0x5a) CHECK(!"two blocks overlap");
    }
    deallocate(block);
    deallocate(other);
  }
  deallocate(nullptr);
}

TEST(allocator, a_freed_block_comes_back_for_its_size_class) {
  EmptyCache scope;
  void* first = allocate(100000);
  deallocate(first);
  CHECK_GE(cached_bytes(), 100000);
  void* again = allocate(99000);  // same class: four to the octave
  CHECK(again == first);
  CHECK_EQ(cached_bytes(), 0);
  deallocate(again);
  release_cached();
  CHECK_EQ(cached_bytes(), 0);
}

TEST(allocator, a_block_is_at_most_a_quarter_larger_than_asked_for) {
  EmptyCache scope;
  for (int64_t bytes = 257; bytes < (1 << 20); bytes += bytes / 7 + 1) {
    deallocate(allocate(bytes));
    CHECK_GE(cached_bytes(), bytes);
    CHECK_LE(cached_bytes(), bytes + bytes / 4 + 1);
    release_cached();
  }
}

TEST(allocator, large_blocks_begin_in_the_middle_of_a_page) {
  EmptyCache scope;
  for (const int64_t bytes : {1 << 20, (4 << 20) - 64, 4 << 20, (32 << 20) + 3}) {
    void* block = allocate(bytes);
    std::memset(block, 1, static_cast<size_t>(bytes));
    CHECK_EQ(reinterpret_cast<uintptr_t>(block) % kAlignment, uintptr_t{0});
    if (bytes >= 4 << 20) CHECK_EQ(reinterpret_cast<uintptr_t>(block) % 4096, uintptr_t{2048 + kAlignment});
    deallocate(block);
    release_cached();
  }
  CHECK_EQ(cached_bytes(), 0);
}

TEST(allocator, the_cache_keeps_to_its_limit) {
  EmptyCache scope;
  set_cache_limit(1 << 20);
  void* blocks[8];
  for (void*& block : blocks) block = allocate(300000);
  for (void* block : blocks) {
    deallocate(block);
    CHECK_LE(cached_bytes(), 1 << 20);
  }
  CHECK_GE(cached_bytes(), 300000);
  deallocate(allocate(2 << 20));  // larger than the whole limit: straight back to the system
  CHECK_LE(cached_bytes(), 1 << 20);
  set_cache_limit(0);
  CHECK_EQ(cached_bytes(), 0);
  deallocate(allocate(1000));
  CHECK_EQ(cached_bytes(), 0);
  set_cache_limit(-5);
  CHECK_EQ(cache_limit(), 0);
}

TEST(allocator, sizes_that_cannot_be_are_bad_alloc) {
  const int64_t max = std::numeric_limits<int64_t>::max();
  for (int64_t bytes :
       {int64_t{-1}, std::numeric_limits<int64_t>::min(), max, max - 63, (int64_t{1} << 62) + 1}) {
    const std::string words = "no memory for " + std::to_string(bytes) + " bytes";
    CHECK_THROWS(allocate(bytes), std::bad_alloc, words.c_str());
  }
  CHECK_THROWS(Scratch<double>(max / 8 + 1), std::bad_alloc, "");
  CHECK_THROWS(Scratch<float>(-1), std::bad_alloc, "");
}

TEST(allocator, threads_share_it) {
  EmptyCache scope;
  std::atomic<int> torn{0};
  auto churn = [&](unsigned char mark) {
    for (int round = 0; round < 2000; ++round) {
      const size_t bytes = 256u + static_cast<size_t>(round % 37) * 100u;
      auto* block = static_cast<unsigned char*>(allocate(static_cast<int64_t>(bytes)));
      std::memset(block, mark, bytes);
      if (block[0] != mark || block[bytes / 2] != mark || block[bytes - 1] != mark) ++torn;
      deallocate(block);
    }
  };
  std::thread one(churn, 1), two(churn, 2), three(churn, 3);
  one.join(), two.join(), three.join();
  CHECK_EQ(torn.load(), 0);
}

TEST(allocator, a_forked_child_can_allocate_while_other_threads_do) {
  EmptyCache scope;
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) deallocate(allocate(4096));
  });
  int bad = 0;
  for (int round = 0; round < 20; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a lock inherited from a thread that is not there would hang
      deallocate(allocate(4096));
      _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    bad += status != 0;
  }
  stop = true;
  other.join();
  CHECK_EQ(bad, 0);
}

TEST(scratch, moves_its_block_and_gives_it_back) {
  EmptyCache scope;
  float* address;
  {
    Scratch<float> first(1000);
    address = first.data();
    first.zero();
    CHECK_EQ(first[999], 0.0f);
    Scratch<float> second(std::move(first));
    CHECK(second.data() == address && first.data() == nullptr && first.size() == 0);
    Scratch<float> third;
    third = std::move(second);
    CHECK(third.data() == address && third.size() == 1000);
    CHECK_EQ(cached_bytes(), 0);
  }
  CHECK_GE(cached_bytes(), 4000);
  Scratch<float> again(1000);
  CHECK(again.data() == address);
}

}  // namespace
}  // namespace foldgate
