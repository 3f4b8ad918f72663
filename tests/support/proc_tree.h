// SPDX-License-Identifier: MIT
// A folder that looks like /proc.
#pragma once

#include "tests/support/temp_folder.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace qmpshot::test {

class ProcTree {
 public:
  [[nodiscard]] const std::string& path() const { return folder_.path(); }

  // A process with these words; `exe` is where its program's link points, empty: not readable.
  void add(int pid, const std::vector<std::string>& words, const std::string& exe = "") {
    std::string cmdline;
    for (const std::string& word : words) cmdline.append(word).push_back('\0');
    write(pid, "cmdline", cmdline);
    if (!exe.empty()) link(pid, "exe", exe);
  }

  void write(int pid, const std::string& name, const std::string& text) {
    std::ofstream(file(std::to_string(pid) + "/" + name), std::ios::binary) << text;
  }
  void link(int pid, const std::string& name, const std::string& target) {
    std::filesystem::create_symlink(target, file(std::to_string(pid) + "/" + name));
  }

  // The table of unix sockets, for all processes that have no network name space of their own.
  void write_sockets(const std::string& table) {
    std::ofstream(file("net/unix"), std::ios::binary) << table;
  }

 private:
  std::string file(const std::string& name) {
    const std::string out = folder_.file(name);
    std::filesystem::create_directories(std::filesystem::path(out).parent_path());
    return out;
  }

  TempFolder folder_;
};

}  // namespace qmpshot::test
