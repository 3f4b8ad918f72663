// SPDX-License-Identifier: MIT
// However a stream is cut into pieces, the same lines come out, and no byte is made up or lost.
#include "qmp/framing.h"
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace qmpshot;

constexpr std::size_t cap = 4096;

// The specification: cut at LF, drop one CR before it; nothing behind a line above the cap.
std::vector<std::string> lines_of(std::string_view stream) {
  std::vector<std::string> out;
  for (std::size_t end; (end = stream.find('\n')) != stream.npos; stream.remove_prefix(end + 1)) {
    if (end > cap) break;
    std::string_view line = stream.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.emplace_back(line);
  }
  return out;
}

}  // namespace

// The first byte says how many of the next bytes are sizes of pieces, used in turn.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t sizes = std::min<std::size_t>(data[0] % 16, size - 1);
  const std::uint8_t* piece_sizes = data + 1;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1 + sizes, size - 1 - sizes);

  qmp::LineBuffer buffer(cap);
  std::vector<std::string> lines;
  std::string_view rest = stream;
  bool refused = false;
  for (std::size_t turn = 0; !rest.empty() && !refused; ++turn) {
    const std::size_t wanted = sizes == 0 ? 1 : std::size_t{1} + piece_sizes[turn % sizes];
    const std::string_view piece = rest.substr(0, wanted);
    rest.remove_prefix(piece.size());
    const std::span<char> room = buffer.prepare(piece.size());
    FUZZ_CHECK(room.size() >= piece.size());
    std::memcpy(room.data(), piece.data(), piece.size());
    buffer.commit(piece.size());
    for (;;) {
      const auto line = buffer.next_line();
      refused = !line.ok();
      if (refused || !*line) break;
      lines.emplace_back(**line);
    }
  }
  FUZZ_CHECK(lines == lines_of(stream));
  if (refused) FUZZ_CHECK(buffer.next_line().error().code() == Errc::bad_peer);
  return 0;
}
