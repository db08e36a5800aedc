#include "ops/join.h"

#include "kernels/table.h"
#include "ops/chunks.h"

namespace foldgate {

void copy_columns(const std::vector<ColumnCopy>& copies, int64_t rows) {
  const auto kernel = kernels<float>().conv.copy_stretches;
  int64_t width = 0;
  for (const ColumnCopy& c : copies) width += c.width;
  in_chunks(rows, width, [&](int64_t begin, int64_t size) {
    for (const ColumnCopy& c : copies)
      kernel(c.source + begin * c.source_step, c.source_step, size, c.width, c.target + begin * c.target_step,
             c.target_step);
  });
}

}  // namespace foldgate
