// SPDX-License-Identifier: MIT
#include "capture/qemu_processes.h"

#include "capture/command_line.h"
#include "capture/unix_sockets.h"
#include "qmp/json.h"

#include <qmpshot/error.h>
#include <qmpshot/unique_fd.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace qmpshot::capture {
namespace {

// No descriptors is not the same as no VMs.
void check_descriptors(bool opened, int errno_value) {
  if (opened || (errno_value != EMFILE && errno_value != ENFILE)) return;
  throw Error::from_errno(Errc::cannot_write, "reading /proc", errno_value);
}

// What can be read of a file, empty where nothing can.
std::string read_text(const std::string& path) {
  std::string text;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  check_descriptors(static_cast<bool>(file), errno);
  std::array<char, 16384> block;
  while (file) {
    const ssize_t size = ::read(file.get(), block.data(), block.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(size));
  }
  return text;
}

// Where a symbolic link points, empty where that cannot be read: errno says why.
std::string read_link(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size <= 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

// The numbers that are the names of a folder's entries.
std::vector<int> numbers_in(const std::string& folder) {
  std::vector<int> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
  check_descriptors(entries != nullptr, errno);
  if (!entries) return out;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) out.push_back(number);
  }
  std::ranges::sort(out);
  return out;
}

bool is_socket(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat first {};
  struct stat second {};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// The kernel's unix sockets, one table for each network name space.
class UnixSockets {
 public:
  explicit UnixSockets(std::string proc) : proc_(std::move(proc)) {}

  struct Table {
    bool is_theirs = false;  // else it is ours, and theirs may be another
    std::map<std::string, std::set<std::uint64_t>> connected;  // by path: the inodes
    std::map<std::uint64_t, std::string> paths;                // by inode
  };

  const Table& seen_by(const std::string& process) {
    const std::string name_space = read_link(process + "/ns/net");
    const auto known = tables_.find(name_space);
    if (known != tables_.end()) return known->second;
    const std::string net = name_space.empty() ? proc_ + "/net/unix" : process + "/net/unix";
    Table table;
    table.is_theirs = !name_space.empty();
    for (UnixSocket& socket : parse_unix_sockets(read_text(net))) {
      if (socket.inode == 0) continue;
      if (socket.connected) table.connected[socket.path].insert(socket.inode);
      table.paths[socket.inode] = std::move(socket.path);
    }
    return tables_.emplace(name_space, std::move(table)).first->second;
  }

 private:
  std::string proc_;
  std::map<std::string, Table> tables_;  // by what /proc/PID/ns/net says
};

constexpr const char* as_that_user = "run as the VM's user, or as root";
constexpr const char* give_it_a_path = "give QEMU a -qmp unix:PATH,server=on,wait=off";

// One process, through its folder in /proc.
class Process {
 public:
  Process(const std::string& proc, pid_t pid)
      : folder_(proc + "/" + std::to_string(pid)),
        lives_elsewhere_(
            differs(read_link(folder_ + "/root"), "/") ||
            differs(read_link(folder_ + "/ns/mnt"), read_link(proc + "/self/ns/mnt"))) {}

  KnownMonitor locate(const MonitorSocket& socket, const UnixSockets::Table& table) const;
  [[nodiscard]] bool is_stopped() const;

 private:
  static bool differs(const std::string& theirs, const std::string& ours) {
    return !theirs.empty() && !ours.empty() && theirs != ours;
  }

  std::string path_of_passed(int fd, const UnixSockets::Table& table, KnownMonitor& out) const;
  [[nodiscard]] std::vector<std::string> places_of(const std::string& path) const;
  [[nodiscard]] std::optional<bool> has_client(const std::string& bound_as,
                                               const UnixSockets::Table& table) const;

  std::string folder_;
  bool lives_elsewhere_;  // in a chroot or a mount name space of its own
};

// Where this process may find what that one calls `path`, the likeliest first.
std::vector<std::string> Process::places_of(const std::string& path) const {
  std::vector<std::string> places;
  if (path.starts_with('/')) {
    // As we see it, where that is the same socket, or where QEMU bound it before its own -chroot.
    const std::string through_root = folder_ + "/root" + path;
    if (!lives_elsewhere_ || is_same_file(path, through_root)) return {path};
    return {through_root, path};
  }
  const std::string cwd = read_link(folder_ + "/cwd");
  if (!cwd.empty()) places.push_back((lives_elsewhere_ ? folder_ + "/cwd" : cwd) + "/" + path);
  // -daemonize leaves the folder in which it was started, and the socket there.
  for (const std::string& variable : split_words(read_text(folder_ + "/environ"))) {
    constexpr std::string_view pwd = "PWD=";
    if (variable.starts_with(pwd)) places.push_back(variable.substr(pwd.size()) + "/" + path);
  }
  return places;
}

// Whether one of the accepted connections of that name is this process's. Another VM may have bound
// the same name, in another folder or before.
std::optional<bool> Process::has_client(const std::string& bound_as,
                                        const UnixSockets::Table& table) const {
  const auto connected = table.connected.find(bound_as);
  if (connected == table.connected.end()) {
    return table.is_theirs ? std::optional(false) : std::nullopt;
  }
  const std::string fds = folder_ + "/fd";
  const std::vector<int> numbers = numbers_in(fds);
  if (numbers.empty()) return std::nullopt;
  return std::ranges::any_of(numbers, [&](int number) {
    const std::string link = read_link(fds + "/" + std::to_string(number));
    return connected->second.contains(socket_inode(link));
  });
}

// The path that a socket passed to QEMU was bound to; where there is none, `out` says why.
std::string Process::path_of_passed(int fd, const UnixSockets::Table& table,
                                    KnownMonitor& out) const {
  const std::string number = std::to_string(fd);
  const std::string link = read_link(folder_ + "/fd/" + number);
  out.forbidden = link.empty() && (errno == EACCES || errno == EPERM);
  const std::string got = "QEMU got it as descriptor " + number;
  const auto bound = table.paths.find(socket_inode(link));
  if (out.forbidden) {
    out.unknown_why = got + ", which this user may not look at: " + as_that_user;
  } else if (link.empty()) {
    out.unknown_why = got + ", which is not open any more: " + give_it_a_path;
  } else if (bound == table.paths.end()) {
    out.unknown_why = got + ", which is not a unix socket with a path: " + give_it_a_path;
  } else if (bound->second.starts_with('@')) {  // how the kernel writes an abstract one
    out.unknown_why = got + ", bound to " + qmp::printable(bound->second) +
                      ", an abstract name and not a path: " + give_it_a_path;
  } else {
    return bound->second;
  }
  return "";
}

KnownMonitor Process::locate(const MonitorSocket& socket, const UnixSockets::Table& table) const {
  KnownMonitor out;
  std::string bound_as = socket.path;
  if (socket.path.empty()) {
    out.bound_by_vm = false;
    bound_as = path_of_passed(socket.fd, table, out);
    if (bound_as.empty()) return out;
  }
  const std::vector<std::string> places = places_of(bound_as);
  if (places.empty()) {
    out.forbidden = true;
    out.unknown_why = "its path is " + qmp::printable(bound_as) +
                      " in a folder that this user may not look up: " + as_that_user;
    return out;
  }
  const auto found = std::ranges::find_if(places, is_socket);
  out.path = found == places.end() ? places.front() : *found;
  out.has_client = has_client(bound_as, table);
  return out;
}

// proc(5): "PID (NAME) STATE ...", and the name may hold anything.
bool Process::is_stopped() const {
  const std::string stat = read_text(folder_ + "/stat");
  const std::size_t name_end = stat.rfind(") ");
  return name_end != std::string::npos && name_end + 2 < stat.size() &&
         (stat[name_end + 2] == 'T' || stat[name_end + 2] == 't');
}

// The program of these words, or of the file that runs; nothing where that is no QEMU.
std::optional<std::size_t> qemu_word(const std::string& folder,
                                     const std::vector<std::string>& words) {
  const std::size_t program = program_word(words);
  if (program >= words.size()) return std::nullopt;
  // The name in the words is the caller's choice; behind the dynamic linker it is the only one.
  if (is_qemu(words[program]) || (program == 0 && is_qemu(read_link(folder + "/exe")))) {
    return program;
  }
  return std::nullopt;
}

std::optional<QemuProcess> look_at(const std::string& proc, pid_t pid, UnixSockets& sockets) {
  const std::string folder = proc + "/" + std::to_string(pid);
  const std::vector<std::string> words = split_words(read_text(folder + "/cmdline"));
  const std::optional<std::size_t> program = qemu_word(folder, words);
  if (!program) return std::nullopt;
  CommandLine told = parse_command_line(std::span(words).subspan(*program + 1));
  const Process process(proc, pid);
  const std::string exe = read_link(folder + "/exe");
  QemuProcess qemu;
  qemu.pid = pid;
  qemu.name = std::move(told.name);
  qemu.uuid = std::move(told.uuid);
  qemu.binary = is_qemu(exe) ? exe : words[*program];
  qemu.stopped = process.is_stopped();
  for (const MonitorSocket& socket : told.monitors) {
    qemu.monitors.push_back(process.locate(socket, sockets.seen_by(folder)));
  }
  return qemu;
}

}  // namespace

std::vector<QemuProcess> find_qemu_processes(const std::string& proc) {
  std::vector<QemuProcess> out;
  UnixSockets sockets(proc);
  for (const int pid : numbers_in(proc)) {
    if (auto qemu = look_at(proc, pid, sockets)) out.push_back(std::move(*qemu));
  }
  return out;
}

std::optional<QemuProcess> find_qemu_process(pid_t pid, const std::string& proc) {
  UnixSockets sockets(proc);
  return look_at(proc, pid, sockets);
}

}  // namespace qmpshot::capture
