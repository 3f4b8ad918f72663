// SPDX-License-Identifier: MIT
// What a QEMU was told when it was started: its name, and where it listens for QMP. No I/O.
//   source  QEMU qemu-options.hx, util/qemu-option.c, chardev/char.c:qemu_chr_parse_compat
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qmpshot::capture {

// A unix socket on which QEMU listens for QMP: by its path, or passed in already listening.
struct MonitorSocket {
  std::string path;  // as written: a relative one starts at QEMU's working directory
  int fd = -1;       // instead of a path: QEMU's descriptor, as libvirt gives it
};

struct CommandLine {
  std::string name;  // -name; empty where none was given
  std::string uuid;  // -uuid
  std::vector<MonitorSocket> monitors;
};

// The words of /proc/PID/cmdline, each of which ends with a NUL.
std::vector<std::string> split_words(std::string_view cmdline);

// Whether a program of this name or path runs virtual machines: qemu-system-*, qemu-kvm, kvm.
bool is_qemu(std::string_view program);

// Which of the words is the program that runs: not the first where that is the dynamic linker,
// called as `ld-linux-x86-64.so.2 --library-path DIR PROGRAM...`. words.size() where there is none.
std::size_t program_word(std::span<const std::string> words);

// Reads the words behind the program's. What QEMU would refuse is passed over: this one runs.
// Monitors in the order of their options. Not among them: those on TCP or a terminal, in QEMU's
// abstract name space, and those that a -readconfig file adds.
CommandLine parse_command_line(std::span<const std::string> arguments);

}  // namespace qmpshot::capture
