#include "kernels/softmax.h"

#include "kernels/softmax_columns.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

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
  return row_sum<T>(x, n, shift, [](Vec<T> v, int64_t, int64_t) FOLDGATE_LAMBDA { return exp_term(v); });
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

// A pass that computes little for each line asks for it earlier than fetch_stream does: of 3 to 20 KB, 12 to 16 were best.
constexpr int kFarBytes = 12288;

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
      total += padded<T>(exp_term(load(x + i, left) - shift), left, T(0));
    });
    highest[r] = shift[0];
    result[r] = log<T>(broadcast<T>(sum(total)))[0];
    shift = finite_or_zero<T>(broadcast<T>(largest_from<T, kLanes<T> / 2>(most)));
  }
}

// Whether e^(x - log sum e^x) is no share yet: the logarithm's rounding is more than 4 eps of it, and is undone by their sum.
template <class T>
FOLDGATE_INLINE bool rounded(T log_sum_exp) {
  const T size = log_sum_exp < 0 ? -log_sum_exp : log_sum_exp;
  return size > T(16) && size < T(__builtin_inf());
}

template <class T>
void scaled_shares(const T* x, int64_t n, T log_sum_exp, T scale, T* y) {
  const bool again = rounded(log_sum_exp);
  const T first = again ? T(1) : scale;
  Vec<T> total = {};
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(x + i);
    fetch_stream(y + i);
    const Vec<T> e = exp<T>(load(x + i, left) - log_sum_exp);
    total += padded<T>(e, left, T(0));
    store(y + i, e * first, left);
  });
  if (!again) return;
  const T rest = scale / sum(total);
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA { store(y + i, load(y + i, left) * rest, left); });
}

template <class T>
T cross(const T* p, const T* x, int64_t n, T highest, T log_sum) {
  Vec<T> total = {};
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(p + i);
    const Vec<T> v = load(p + i, left);
    total += v == T(0) ? v : v * ((highest - load(x + i, left)) + log_sum);
  });
  return sum(total);
}

template <class T>
void cross_backward(const T* p, const T* x, int64_t n, T log_sum_exp, T scale, T* dx) {
  Vec<T> total = {}, total_p = {};
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    fetch_stream(p + i);
    fetch_stream(x + i);
    fetch_stream(dx + i);
    const Vec<T> e = exp<T>(load(x + i, left) - log_sum_exp);
    store(dx + i, e, left);
    total += padded<T>(e, left, T(0));
    total_p += load(p + i, left);
  });
  const T all = sum(total_p) / (rounded(log_sum_exp) ? sum(total) : T(1));
  each<T>(n, [&](int64_t i, int64_t left) FOLDGATE_LAMBDA {
    store(dx + i, (load(dx + i, left) * all - load(p + i, left)) * scale, left);
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
  return {rows<T>,          rows_backward<T>, columns<T>,        columns_backward<T>, log_sums<T>,
          scaled_shares<T>, cross<T>,         cross_backward<T>, logistic<T>,         logistic_backward<T>};
}

}  // namespace

extern const SoftmaxKernels<float> softmax_f32;
extern const SoftmaxKernels<double> softmax_f64;
const SoftmaxKernels<float> softmax_f32 = all<float>();
const SoftmaxKernels<double> softmax_f64 = all<double>();

}  // namespace foldgate::FOLDGATE_ISA
