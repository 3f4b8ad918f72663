// SPDX-License-Identifier: MIT
// Bytes to where they go.
#pragma once

#include <qmpshot/error.h>

#include <cstddef>
#include <span>
#include <string>

namespace qmpshot::tools {

// Replaces the file `path`, or makes it: its bytes are all there or it is as it was. A path that is
// no regular file (a device, a pipe) is written to instead.
//   errors  cannot_write
Result<void> save(std::span<const std::byte> bytes, const std::string& path);

//   errors  cannot_write
Result<void> write_stdout(std::span<const std::byte> bytes);

}  // namespace qmpshot::tools
