#include "kernels/softmax.h"

#include "kernels/put.h"
#include "simd/log.h"
#include "simd/math.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// f(i, left) for every vector of a row: `left` values from i on, more than a vector's for all but the last.
template <class T, class Body>
FOLDGATE_INLINE void each(int64_t n, Body body) {
  for (int64_t i = 0; i < n; i += kLanes<T>) body(i, n - i);
}

// The first `left` lanes of v, and `fill` beyond.
template <class T>
FOLDGATE_INLINE Vec<T> padded(Vec<T> v, int64_t left, T fill) {
  if (left >= kLanes<T>) return v;
  return iota<T>() < broadcast_int<T>(static_cast<typename VecTraits<T>::Int>(left)) ? v : broadcast<T>(fill);
}

template <class T, int Distance>
FOLDGATE_INLINE T largest_from(Vec<T> v) {
  v = maximum(v, swap_lanes<T, Distance>(v, LaneIndices<T>()));
  if constexpr (Distance > 1)
    return largest_from<T, Distance / 2>(v);
  else
    return v[0];
}

// What is taken from x before e^x: the largest, but 0 for a row of -inf alone.
template <class T>
FOLDGATE_INLINE Vec<T> finite_or_zero(Vec<T> highest) {
  return highest == broadcast<T>(T(-__builtin_inf())) ? Vec<T>{} : highest;
}
template <class T>
FOLDGATE_INLINE Vec<T> inverse_or_zero(Vec<T> sum) {
  return sum == Vec<T>{} ? Vec<T>{} : T(1) / sum;
}

// Four vectors at a time, as a maximum takes four cycles.
template <class T>
FOLDGATE_INLINE Vec<T> row_shift(const T* x, int64_t n) {
  constexpr T kLowest = T(-__builtin_inf());
  constexpr int64_t kWide = 4 * kLanes<T>;
  Vec<T> most[4];
  for (Vec<T>& part : most) part = broadcast<T>(kLowest);
  const int64_t wide = n / kWide * kWide;
  for (int64_t i = 0; i < wide; i += kWide) {
    FOLDGATE_UNROLL
    for (int k = 0; k < 4; ++k) most[k] = maximum(most[k], load(x + i + k * kLanes<T>));
  }
  each<T>(n - wide, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    most[0] = maximum(most[0], padded<T>(load(x + wide + i, left), left, kLowest));
  });
  const Vec<T> all = maximum(maximum(most[0], most[1]), maximum(most[2], most[3]));
  return finite_or_zero<T>(broadcast<T>(largest_from<T, kLanes<T> / 2>(all)));
}

// sum e^(x - shift); the powers to y where that is not null. The n values behind x come in meanwhile, which are the next
// row where there is one: computing alone would leave memory idle.
template <class T, class Power>
FOLDGATE_INLINE T row_sum(const T* x, int64_t n, Vec<T> shift, Power power) {
  Vec<T> total = {};
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    __builtin_prefetch(x + n + i);
    total += padded<T>(power(load(x + i, left) - shift, i, left), left, T(0));
  });
  return sum(total);
}
template <class T>
FOLDGATE_INLINE T row_sum(const T* x, int64_t n, Vec<T> shift) {
  return row_sum<T>(x, n, shift, [](Vec<T> v, int64_t, int64_t) FOLDGATE_LAMBDA { return exp_term<T>(v); });
}

template <class T>
void rows(bool log_of, const T* x, int64_t count, int64_t n, T* y) {
  for (int64_t r = 0; r < count; ++r, x += n, y += n) {
    const Vec<T> shift = row_shift(x, n);
    if (log_of) {
      const Vec<T> log_sum = log<T>(broadcast<T>(row_sum<T>(x, n, shift)));
      // -inf - -inf for a row of -inf: such values stay
      each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
        fetch_stream(y + i);
        const Vec<T> v = load(x + i, left);
        store(y + i, v == T(-__builtin_inf()) ? v : (v - shift) - log_sum, left);
      });
    } else {
      const auto keep = [&](Vec<T> v, int64_t i, int64_t left) FOLDGATE_LAMBDA {
        fetch_stream(y + i);
        const Vec<T> e = exp_below_zero<T>(v);
        store(y + i, e, left);
        return e;
      };
      const Vec<T> scale = inverse_or_zero<T>(broadcast<T>(row_sum<T>(x, n, shift, keep)));
      each<T>(
          n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA { store(y + i, load(y + i, left) * scale, left); });
    }
  }
}

// A row is finished while the next one is summed, so that memory is read and written all the while.
template <class T>
void rows_backward(bool log_of, const T* dy, const T* y, int64_t count, int64_t n, Target<T> dx) {
  Vec<T> all = {};  // of the row before
  auto finish = [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    const Vec<T> d = load(dy - n + i, left), v = load(y - n + i, left);
    put<T>(dx, i - n, log_of ? d - exp<T>(v) * all : v * (d - all), left);
  };
  for (int64_t r = 0; r < count; ++r, dy += n, y += n, dx.data += n) {
    Vec<T> total = {};
    each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
      fetch_stream(dy + i);
      fetch_stream(y + i);
      if (r > 0) finish(i, left);
      const Vec<T> d = load(dy + i, left);
      total += log_of ? d : d * load(y + i, left);
    });
    all = broadcast<T>(sum(total));
  }
  each<T>(n, finish);
}

// A load waits for every earlier store whose address ends in the same 12 bits, and a store past the cache is long on its
// way: sums that begin a page are read ahead of what is stored to rows that do.
constexpr int kPageBytes = 4096;

// Sums over the rows of a block of columns, whose terms are `largest` and `total` as they become known: a vector of
// columns at a time would meet a line of every row in turn, and where rows are a power of two apart no cache holds them.
template <class T>
struct ColumnSums {
  alignas(kPageBytes) T largest[kSoftmaxColumns], total[kSoftmaxColumns];
};

// Rows that are met together, at one power of e for the sum so far; L1 has as many ways, should they share a set.
constexpr int64_t kRowsTogether = 8;

// Into L2, for the same reason.
template <class T>
FOLDGATE_INLINE void fetch_row(const T* p) {
  __builtin_prefetch(p, 0, 2);
}

template <class T>
FOLDGATE_INLINE void sum_powers(const T* x, int64_t rows, int64_t stride, int64_t width,
                                ColumnSums<T>& sums) {
  each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
    const Vec<T> before = load(sums.largest + j, left);
    Vec<T> largest = before;
    for (int64_t r = 0; r < rows; ++r) largest = maximum(largest, load(x + r * stride + j, left));
    const Vec<T> shift = finite_or_zero<T>(largest);
    Vec<T> total = load(sums.total + j, left) * exp_term<T>(before - shift);
    for (int64_t r = 0; r < rows; ++r) {
      fetch_row(x + (r + rows) * stride + j);
      total += exp_term<T>(load(x + r * stride + j, left) - shift);
    }
    store(sums.largest + j, largest, left);
    store(sums.total + j, total, left);
  });
}

template <class T>
void columns(bool log_of, const T* x, int64_t n, int64_t stride, int64_t width, Target<T> y) {
  ColumnSums<T> sums;
  each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
    store(sums.largest + j, broadcast<T>(T(-__builtin_inf())), left);
    store(sums.total + j, Vec<T>{}, left);
  });
  for (int64_t k = 0; k < n; k += kRowsTogether)
    sum_powers(x + k * stride, n - k < kRowsTogether ? n - k : kRowsTogether, stride, width, sums);
  each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
    const Vec<T> total = load(sums.total + j, left);
    store(sums.largest + j, finite_or_zero<T>(load(sums.largest + j, left)), left);
    store(sums.total + j, log_of ? log<T>(total) : inverse_or_zero<T>(total), left);
  });
  for (int64_t at = n * stride; at > 0;) {  // from the end, which a cache may still hold
    at -= stride;
    each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
      __builtin_prefetch(x + at - 2 * stride + j);
      if (!y.past_cache) __builtin_prefetch(y.data + at - 2 * stride + j);
      const Vec<T> v = load(x + at + j, left), below = v - load(sums.largest + j, left),
                   last = load(sums.total + j, left);
      if (log_of)
        put_fetched<T>(y, at + j, v == T(-__builtin_inf()) ? v : below - last, left);
      else
        put_fetched<T>(y, at + j, exp_below_zero<T>(below) * last, left);
    });
  }
}

template <class T>
void columns_backward(bool log_of, const T* dy, const T* y, int64_t n, int64_t stride, int64_t width,
                      Target<T> dx) {
  alignas(kPageBytes) T sums[kSoftmaxColumns];
  for (int64_t k = 0; k < n; ++k)
    each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
      const Vec<T> d = load(dy + k * stride + j, left), v = load(y + k * stride + j, left);
      fetch_row(dy + (k + kRowsTogether) * stride + j);
      fetch_row(y + (k + kRowsTogether) * stride + j);
      store(sums + j, (k > 0 ? load(sums + j, left) : Vec<T>{}) + (log_of ? d : d * v), left);
    });
  for (int64_t at = n * stride; at > 0;) {
    at -= stride;
    each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
      if (!dx.past_cache) __builtin_prefetch(dx.data + at - 2 * stride + j);
      const Vec<T> d = load(dy + at + j, left), v = load(y + at + j, left), all = load(sums + j, left);
      put_fetched<T>(dx, at + j, log_of ? d - exp<T>(v) * all : v * (d - all), left);
    });
  }
}

// A pass that computes little for each line asks for it earlier than fetch_stream does.
constexpr int kFarBytes = 8192;

// A row is summed while the next one's largest value is looked for, which reads it from memory: neither waits.
template <class T>
void log_sums(const T* x, int64_t count, int64_t n, T* highest, T* result) {
  constexpr T kLowest = T(-__builtin_inf());
  Vec<T> shift = row_shift(x, n);
  for (int64_t r = 0; r < count; ++r, x += n) {
    const T* next = r + 1 < count ? x + n : x;  // of the last row's own no use is made
    Vec<T> total = {}, most = broadcast<T>(kLowest);
    each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
      __builtin_prefetch(reinterpret_cast<const char*>(next + i) + kFarBytes);
      most = maximum(most, padded<T>(load(next + i, left), left, kLowest));
      total += padded<T>(exp_term<T>(load(x + i, left) - shift), left, T(0));
    });
    highest[r] = shift[0];
    result[r] = log<T>(broadcast<T>(sum(total)))[0];
    shift = finite_or_zero<T>(broadcast<T>(largest_from<T, kLanes<T> / 2>(most)));
  }
}

template <class T>
void scaled_exp(const T* x, int64_t n, T shift, T scale, T* y) {
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(x + i);
    fetch_stream(y + i);
    store(y + i, exp<T>(load(x + i, left) - shift) * scale, left);
  });
}

template <class T>
T cross(const T* p, const T* x, int64_t n, T shift) {
  Vec<T> total = {};
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(p + i);
    const Vec<T> v = load(p + i, left);
    total += v == T(0) ? v : v * (shift - load(x + i, left));
  });
  return sum(total);
}

template <class T>
void cross_backward(const T* p, const T* x, int64_t n, T shift, T scale, T* dx) {
  Vec<T> total = {};
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(p + i);
    fetch_stream(x + i);
    total += load(p + i, left);
  });
  const T all = sum(total);
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(dx + i);
    store(dx + i, (exp<T>(load(x + i, left) - shift) * all - load(p + i, left)) * scale, left);
  });
}

template <class T>
void logistic(const T* x, const T* z, int64_t n, Target<T> loss) {
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(x + i);
    fetch_stream(z + i);
    const Vec<T> v = load(x + i, left);
    put<T>(loss, i, maximum(Vec<T>{}, v) - v * load(z + i, left) + log1p_exp<T>(v), left);
  });
}

template <class T>
void logistic_backward(const T* d, const T* x, const T* z, int64_t n, Target<T> dx) {
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(d + i);
    fetch_stream(x + i);
    fetch_stream(z + i);
    put<T>(dx, i, load(d + i, left) * (sigmoid<T>(load(x + i, left)) - load(z + i, left)), left);
  });
}

template <class T>
constexpr SoftmaxKernels<T> all() {
  return {rows<T>,       rows_backward<T>, columns<T>,        columns_backward<T>, log_sums<T>,
          scaled_exp<T>, cross<T>,         cross_backward<T>, logistic<T>,         logistic_backward<T>};
}

}  // namespace

extern const SoftmaxKernels<float> softmax_f32;
extern const SoftmaxKernels<double> softmax_f64;
const SoftmaxKernels<float> softmax_f32 = all<float>();
const SoftmaxKernels<double> softmax_f64 = all<double>();

}  // namespace foldgate::FOLDGATE_ISA
