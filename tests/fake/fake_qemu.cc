// SPDX-License-Identifier: MIT
#include "tests/fake/fake_qemu.h"

#include "tests/support/sockets.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

namespace qmpshot::test {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void set_non_blocking(int fd) {
  if (::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) fail("fcntl");
}

}  // namespace

struct FakeQemu::Client {
  UniqueFd socket;
  UniqueFd passed;        // the newest descriptor not taken yet
  qmp::LineBuffer lines;  // what was not executed yet
};

FakeQemu::FakeQemu(FakeOptions options)
    : options_(std::move(options)), vm_(options_), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) fail("eventfd");
  listen();
  thread_ = std::thread([this] { serve(); });
}

FakeQemu::~FakeQemu() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
  (void)::unlink(path_.c_str());
  (void)::rmdir(folder_.c_str());
}

void FakeQemu::listen() {
  std::string folder = "/tmp/qmpshot-fake-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) fail("mkdtemp");
  folder_ = folder;
  path_ = folder + "/qmp";
  listening_ = bound_socket(path_, 1);
  set_non_blocking(listening_.get());
}

UniqueFd FakeQemu::connect() {
  auto [ours, theirs] = socket_pair();
  {
    const std::lock_guard lock(mutex_);
    backlog_.push_back(std::move(ours));
  }
  wake();
  return std::move(theirs);
}

void FakeQemu::release() {
  {
    const std::lock_guard lock(mutex_);
    released_ = true;
  }
  wake();
}

void FakeQemu::wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

// Until `fd` is ready, or something changed; false where it is time to stop.
bool FakeQemu::wait(int fd, Wait what) {
  const short events = what == Wait::readable ? POLLIN : what == Wait::writable ? POLLOUT : 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;  // an earlier wait took the wake-up
  }
  pollfd waiting[] = {{wake_.get(), POLLIN, 0}, {fd, events, 0}};
  if (::poll(waiting, 2, -1) < 0 && errno != EINTR) fail("poll");
  std::uint64_t drained = 0;
  (void)!::read(wake_.get(), &drained, sizeof drained);
  const std::lock_guard lock(mutex_);
  return !stopping_ && !(what == Wait::hung_up && waiting[1].revents != 0);
}

void FakeQemu::serve() {
  while (UniqueFd socket = admit()) {
    Client client{std::move(socket), {}, qmp::LineBuffer()};
    set_non_blocking(client.socket.get());
    converse(client);
    if (!died()) vm_.client_left();
    client = Client();
    count_descriptors();
    const std::lock_guard lock(mutex_);
    ++clients_left_;
    changed_.notify_all();
    if (died_) break;
  }
  listening_ = UniqueFd();
  const std::lock_guard lock(mutex_);
  backlog_.clear();
}

// The next client; none where it is time to stop.
UniqueFd FakeQemu::admit() {
  do {
    {
      const std::lock_guard lock(mutex_);
      if (!backlog_.empty()) {
        UniqueFd next = std::move(backlog_.front());
        backlog_.pop_front();
        return next;
      }
    }
    UniqueFd next(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (next) return next;
  } while (wait(listening_.get(), Wait::readable));
  return UniqueFd();
}

void FakeQemu::converse(Client& client) {
  const std::string greeting = vm_.greeting();
  if (!stay_silent(client, at_greeting) || options_.close_at == at_greeting) return;
  if (options_.cut_at == at_greeting) {
    (void)write_all(client, std::string_view(greeting).substr(0, greeting.size() / 2));
    return;
  }
  if (!say(client, greeting)) return;
  for (const std::string& reply : options_.stale) (void)say(client, reply);
  for (;;) {
    const auto line = client.lines.next_line();
    if (!line) return;
    if (*line) {
      if (!answer(client, std::string(**line))) return;
    } else if (!take_input(client)) {
      return;
    }
  }
}

// False where the conversation is over.
bool FakeQemu::take_input(Client& client) {
  if (!wait(client.socket.get(), Wait::readable)) return false;
  Received got = receive(client.socket.get(), 4096, MSG_DONTWAIT);
  if (got.bytes.empty()) return got.error == EAGAIN;
  if (!got.descriptors.empty()) client.passed = std::move(got.descriptors.front());
  std::memcpy(client.lines.prepare(got.bytes.size()).data(), got.bytes.data(), got.bytes.size());
  client.lines.commit(got.bytes.size());
  return true;
}

bool FakeQemu::answer(Client& client, const std::string& line) {
  const std::string name = FakeVm::command_name(line);
  remember(name, line);
  if (!stay_silent(client, name)) return false;
  const FakeVm::Outcome outcome = vm_.execute(line, client.passed);
  count_descriptors();
  if (outcome.died || (!name.empty() && name == options_.die_at)) {
    const std::lock_guard lock(mutex_);
    died_ = true;
    return false;
  }
  if (!name.empty() && name == options_.close_at) return false;
  if (!name.empty() && name == options_.cut_at) {
    const std::string& reply = outcome.lines.back();
    (void)write_all(client, std::string_view(reply).substr(0, reply.size() / 2));
    return false;
  }
  return std::all_of(outcome.lines.begin(), outcome.lines.end(),
                     [&](const std::string& said) { return say(client, said); });
}

// Returns at once where this is not the moment to be silent. False where the client left.
bool FakeQemu::stay_silent(const Client& client, const std::string& moment) {
  if (moment.empty() || moment != options_.silent_at) return true;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (released_) return true;
    }
    if (!wait(client.socket.get(), Wait::hung_up)) return false;
  }
}

bool FakeQemu::say(const Client& client, std::string_view line) {
  return write_all(client, std::string(line) + (options_.crlf ? "\r\n" : "\n"));
}

bool FakeQemu::write_all(const Client& client, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t piece =
        options_.piece_bytes == 0 ? bytes.size() : std::min(options_.piece_bytes, bytes.size());
    const ssize_t sent = ::send(client.socket.get(), bytes.data(), piece, MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN || !wait(client.socket.get(), Wait::writable)) {
      return false;
    }
  }
  return true;
}

void FakeQemu::remember(const std::string& name, const std::string& line) {
  const std::lock_guard lock(mutex_);
  commands_.push_back(name);
  lines_.push_back(line);
  changed_.notify_all();
}

void FakeQemu::count_descriptors() {
  const std::lock_guard lock(mutex_);
  descriptors_ = vm_.descriptors();
}

std::vector<std::string> FakeQemu::commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

std::vector<std::string> FakeQemu::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::size_t FakeQemu::descriptors() const {
  const std::lock_guard lock(mutex_);
  return descriptors_;
}

std::size_t FakeQemu::clients_left() const {
  const std::lock_guard lock(mutex_);
  return clients_left_;
}

bool FakeQemu::died() const {
  const std::lock_guard lock(mutex_);
  return died_;
}

bool FakeQemu::await(std::chrono::seconds timeout, const std::function<bool()>& what) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, what);
}

bool FakeQemu::wait_for(const std::string& command, std::size_t count,
                        std::chrono::seconds timeout) {
  return await(timeout, [&] {
    return std::count(commands_.begin(), commands_.end(), command) >=
           static_cast<std::ptrdiff_t>(count);
  });
}

bool FakeQemu::wait_until_clients_left(std::size_t count, std::chrono::seconds timeout) {
  return await(timeout, [&] { return clients_left_ >= count; });
}

}  // namespace qmpshot::test
