// SPDX-License-Identifier: MIT
#include "encode/base64.h"

#include <cstdint>

namespace qmpshot::encode {

std::string base64(std::span<const std::byte> in) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out((in.size() + 2) / 3 * 4, '=');
  char* to = out.data();
  for (std::size_t i = 0; i < in.size(); i += 3) {
    const std::size_t left = in.size() - i < 3 ? in.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < left ? std::to_integer<std::uint32_t>(in[i + k]) : 0);
    }
    for (std::size_t k = 0; k <= left; ++k) to[k] = digits[group >> (18 - 6 * k) & 63];
    to += 4;
  }
  return out;
}

}  // namespace qmpshot::encode
