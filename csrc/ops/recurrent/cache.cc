#include <algorithm>

#include "core/check.h"
#include "ops/recurrent/recurrent.h"

namespace foldgate {

template <class T>
void write_cache_header(const RecurrentPlan& plan, T* cache) {
  std::fill_n(cache, RecurrentPlan::kCacheHeader, T(0));
  cache[0] = static_cast<T>(plan.options.cell);
  cache[1] = static_cast<T>(plan.lanes);
}

template <class T>
void check_cache(const RecurrentPlan& plan, const T* cache) {
  require(cache[0] == static_cast<T>(plan.options.cell) && cache[1] == static_cast<T>(plan.lanes),
          plan.options.op,
          ": cache was made by another op or on another instruction-set tier; expected what the forward op "
          "returned");
}

template void write_cache_header(const RecurrentPlan&, float*);
template void write_cache_header(const RecurrentPlan&, double*);
template void check_cache(const RecurrentPlan&, const float*);
template void check_cache(const RecurrentPlan&, const double*);

}  // namespace foldgate
