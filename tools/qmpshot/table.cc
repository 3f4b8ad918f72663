// SPDX-License-Identifier: MIT
#include "tools/qmpshot/table.h"

#include <algorithm>

namespace qmpshot::tools {

std::string table(const std::vector<std::vector<std::string>>& rows) {
  const std::size_t last = rows.front().size() - 1;
  std::vector<std::size_t> widths(last);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < last; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < last; ++i) {
      out += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    out += row.back() + "\n";
  }
  return out;
}

}  // namespace qmpshot::tools
