// SPDX-License-Identifier: MIT
// Base64, for pictures inside JSON.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace qmpshot::encode {

// With padding, without line breaks.
//   source  RFC 4648, section 4
std::string base64(std::span<const std::byte> in);

}  // namespace qmpshot::encode
