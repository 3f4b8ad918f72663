// SPDX-License-Identifier: MIT
// Whatever a process is called with: a monitor has a path or a descriptor, and all of it is made of
// the words. The kernel's table of sockets, which is other people's paths, with it.
#include "capture/command_line.h"
#include "capture/unix_sockets.h"
#include "tests/fuzz/fuzz.h"

#include <string_view>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qmpshot::capture;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> words = split_words(text);
  std::size_t sum = words.size();
  for (const std::string& word : words) sum += word.size();
  FUZZ_CHECK(sum == size || sum == size + 1);  // the last may lack its NUL
  FUZZ_CHECK(program_word(words) <= words.size());

  const CommandLine line = parse_command_line(words);
  FUZZ_CHECK(line.name.size() <= size && line.uuid.size() <= size);
  FUZZ_CHECK(line.monitors.size() <= words.size());
  for (const MonitorSocket& monitor : line.monitors) {
    FUZZ_CHECK(monitor.path.empty() == (monitor.fd >= 0));
    FUZZ_CHECK(monitor.path.size() <= size);
  }
  for (const UnixSocket& socket : parse_unix_sockets(text)) {
    FUZZ_CHECK(!socket.path.empty() && socket.path.find('\n') == std::string::npos);
  }
  return 0;
}
