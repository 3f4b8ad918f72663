// SPDX-License-Identifier: MIT
// Lines in columns, for people.
#pragma once

#include <string>
#include <vector>

namespace qmpshot::tools {

// A line for each row, its columns as wide as they must be, the last one as it is. All rows have as
// many columns as the first.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace qmpshot::tools
