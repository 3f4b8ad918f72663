// SPDX-License-Identifier: MIT
// Bytes to where they go.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/unique_fd.h>

#include <cstddef>
#include <span>
#include <string>

namespace qmpshot::tools {

// A file for `path`, which does not exist yet, without a name in the folder that it will be in:
// whatever ends us, nothing is left of it.
//   return  none where there is such a path, and where the file system or the folder refuse: save()
//           finds its own way, or says why not
UniqueFd draft_for(const std::string& path) noexcept;

// Replaces the file `path`, or makes it: its bytes are all there or it is as it was. A path that is
// no regular file (a device, a pipe) is written to instead.
//   draft   what draft_for() made, and nobody wrote to yet
//   errors  cannot_write
Result<void> save(std::span<const std::byte> bytes, const std::string& path, UniqueFd draft = {});

//   errors  cannot_write
Result<void> write_stdout(std::span<const std::byte> bytes);

}  // namespace qmpshot::tools
