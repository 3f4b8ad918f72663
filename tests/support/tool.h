// SPDX-License-Identifier: MIT
// Other people's programs as judges of our files.
#pragma once

#include "tests/support/bytes.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace qmpshot::test {

inline bool has_tool(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null 2>&1").c_str()) == 0;
}

// What the shell `command` writes to stdout; `{}` in it becomes a temporary file that holds
// `input`. Throws std::runtime_error when it fails.
inline std::vector<std::byte> run_tool(std::string command, std::span<const std::byte> input) {
  std::string path = std::filesystem::temp_directory_path() / "qmpshot-test-XXXXXX";
  const int fd = mkstemp(path.data());
  if (fd < 0) throw std::runtime_error("cannot make a temporary file");
  ::close(fd);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(input.data()),
             static_cast<std::streamsize>(input.size()));
  command.replace(command.find("{}"), 2, path);
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  char block[65536];
  for (std::size_t n; (n = std::fread(block, 1, sizeof block, pipe)) > 0;) output.append(block, n);
  const int status = pclose(pipe);
  ::unlink(path.c_str());
  if (status != 0) throw std::runtime_error("failed: " + command);
  return bytes(output);
}

}  // namespace qmpshot::test
