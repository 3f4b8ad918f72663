// SPDX-License-Identifier: MIT
#include "qmp/transport.h"

#include "qmp/cancelled.h"
#include "qmp/fd_passing.h"
#include "qmp/pause.h"

#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace qmpshot::qmp {
namespace {

// What one read asks for. A session's replies are a few hundred bytes; long ones grow the buffer.
constexpr std::size_t read_bytes = 4096;

// What a person does about it.
std::string_view advice(int errno_value) {
  switch (errno_value) {
    case ENOENT: return ": is the VM running, with -qmp unix:PATH,server=on,wait=off?";
    case ECONNREFUSED: return ": nobody listens there any more, the VM that made it is gone";
    case EACCES: return ": run as the VM's user, or as root";
    case EPROTOTYPE: return ": it is a unix socket, but not a stream";
    default: return "";
  }
}

Error cannot_connect(const std::string& path, int errno_value) {
  // connect(2) says ECONNREFUSED also for a path that is no socket at all.
  struct stat info {};
  if (errno_value == ECONNREFUSED && ::stat(path.c_str(), &info) == 0 && !S_ISSOCK(info.st_mode)) {
    return Error(Errc::cannot_connect, "it is not a socket");
  }
  const bool is_ours = errno_value == EMFILE || errno_value == ENFILE || errno_value == ENOMEM;
  return Error(is_ours ? Errc::cannot_write : Errc::cannot_connect,
               std::generic_category().message(errno_value) + std::string(advice(errno_value)));
}

// A name for `path` that fits into sun_path. A longer one is reached through its folder, which
// `folder` then keeps open.
Result<sockaddr_un> address_of(const std::string& path, UniqueFd& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string name = path;
  if (name.size() >= sizeof address.sun_path) {
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    folder = UniqueFd(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return cannot_connect(path, errno);
    name = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + path.substr(slash + 1);
  }
  if (name.empty() || name.size() >= sizeof address.sun_path) {
    return cannot_connect(path, name.empty() ? ENOENT : ENAMETOOLONG);
  }
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  return address;
}

std::string seconds(std::chrono::milliseconds timeout) {
  std::string text = std::to_string(timeout.count() / 1000);
  if (const auto rest = timeout.count() % 1000; rest != 0) {
    text += "." + std::to_string(1000 + rest).substr(1);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + " s";
}

Error timed_out(Deadline deadline) {
  return Error(Errc::timed_out, "no answer within " + seconds(deadline.timeout()) +
                                    ": QEMU is stopped, or its main loop is busy");
}

// See send_held().
UniqueFd make_release() {
  UniqueFd out(::eventfd(0, EFD_CLOEXEC));
  if (!out) throw Error::from_errno(Errc::cannot_write, "making an eventfd", errno);
  return out;
}

}  // namespace

asio::awaitable<UniqueFd> connect_unix(std::string path, Deadline deadline) {
  UniqueFd folder;
  const sockaddr_un address = address_of(path, folder).value();
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw Error::from_errno(Errc::cannot_write, "making a socket", errno);
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
         0) {
    if (errno != EAGAIN && errno != EINTR) throw cannot_connect(path, errno);
    // EAGAIN: QEMU's backlog holds one client and is taken. Nothing tells when it is free again.
    if (deadline.passed()) {
      throw Error(Errc::monitor_busy,
                  "others wait for this monitor, which serves one client at a time: give QEMU a "
                  "second -qmp socket");
    }
    co_await pause_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(10));
  }
  co_return socket;
}

struct Transport::State {
  State(const asio::any_io_executor& executor, int fd, UniqueFd other)
      : socket(executor, fd), timer(executor), release(std::move(other)) {}

  Result<std::optional<std::size_t>> send_some(std::string_view bytes, int fd, Hold hold) {
    const int ours = socket.native_handle();
    if (hold == Hold::no) return send_with_fd(ours, bytes, fd);
    return send_held(ours, bytes, fd, release.get());
  }

  asio::posix::stream_descriptor socket;
  asio::steady_timer timer;
  UniqueFd release;
  LineBuffer lines;
  std::string unsent;             // the end of a message whose sender gave up in its middle
  std::uint64_t wait_number = 0;  // which wait a timer's handler belongs to
  bool expired = false;
  bool heard = false;
};

Transport::Transport(asio::any_io_executor executor, UniqueFd connected)
    : state_(std::make_shared<State>(executor, connected.get(), make_release())) {
  (void)connected.release();  // the stream descriptor owns it now
  state_->socket.non_blocking(true);
}

Transport::Transport(Transport&&) noexcept = default;
Transport& Transport::operator=(Transport&&) noexcept = default;

Transport::~Transport() {
  if (!state_) return;
  asio::error_code ignored;
  state_->timer.cancel();
  state_->socket.close(ignored);
}

asio::awaitable<void> Transport::wait(Until what, Deadline deadline) {
  if (deadline.passed()) throw timed_out(deadline);  // however much the peer still says
  State& state = *state_;
  state.expired = false;
  state.timer.expires_at(deadline.at());
  auto on_timer = [keep = state_, number = ++state.wait_number](const asio::error_code& error) {
    if (error || number != keep->wait_number) return;  // that wait is over
    keep->expired = true;
    keep->socket.cancel();
  };
  state.timer.async_wait(std::move(on_timer));

  asio::error_code error;
  co_await state.socket.async_wait(what == Until::readable
                                       ? asio::posix::descriptor_base::wait_read
                                       : asio::posix::descriptor_base::wait_write,
                                   asio::redirect_error(asio::use_awaitable, error));
  ++state.wait_number;
  state.timer.cancel();
  if (is_cancelled(co_await asio::this_coro::cancellation_state)) {
    co_await asio::this_coro::reset_cancellation_state();
    throw cancelled();
  }
  if (state.expired) throw timed_out(deadline);
  if (error) throw Error(Errc::connection_lost, "waiting for the monitor: " + error.message());
}

asio::awaitable<void> Transport::flush(Deadline deadline) {
  std::string& unsent = state_->unsent;
  while (!unsent.empty()) {
    const auto sent = state_->send_some(unsent, -1, Hold::yes).value();
    if (sent) {
      unsent.erase(0, *sent);
    } else {
      co_await wait(Until::writable, deadline);
    }
  }
}

bool Transport::has_unsent() const noexcept {
  return !state_->unsent.empty();
}

asio::awaitable<void> Transport::send(std::string_view bytes, int fd, Deadline deadline) {
  return send_whole(bytes, fd, Hold::yes, deadline);
}

asio::awaitable<void> Transport::send_front(std::string_view bytes, Deadline deadline) {
  return send_whole(bytes, -1, Hold::no, deadline);
}

asio::awaitable<void> Transport::send_whole(std::string_view bytes, int fd, Hold hold,
                                            Deadline deadline) {
  co_await flush(deadline);
  const std::size_t whole = bytes.size();
  while (!bytes.empty()) {
    const auto sent = state_->send_some(bytes, fd, hold).value();
    if (sent) {
      bytes.remove_prefix(*sent);
      fd = -1;  // it went with the first byte
      continue;
    }
    try {
      co_await wait(Until::writable, deadline);
    } catch (const Error&) {
      if (bytes.size() < whole) state_->unsent = bytes;
      throw;
    }
  }
}

asio::awaitable<std::size_t> Transport::receive_some(Deadline deadline) {
  for (;;) {
    co_await wait(Until::readable, deadline);
    const std::span<char> room = state_->lines.prepare(read_bytes);
    // QEMU makes what it is passed blocking, and send_held() passes it this socket.
    ssize_t size = ::recv(state_->socket.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    // A QEMU that dies without reading what we sent ends the stream in this way.
    if (size < 0 && errno == ECONNRESET) size = 0;
    if (size >= 0) {
      state_->heard |= size > 0;
      state_->lines.commit(static_cast<std::size_t>(size));
      co_return static_cast<std::size_t>(size);
    }
    if (errno != EAGAIN && errno != EINTR) {
      throw Error::from_errno(Errc::connection_lost, "reading from the monitor", errno);
    }
  }
}

asio::awaitable<std::string_view> Transport::receive_line(Deadline deadline) {
  for (;;) {
    if (const auto line = state_->lines.next_line().value()) co_return *line;
    if (co_await receive_some(deadline) == 0) {
      throw Error(Errc::connection_lost, "QEMU closed the connection");
    }
  }
}

asio::awaitable<void> Transport::finish(Deadline deadline) {
  co_await flush(deadline);
  if (!half_close()) {
    throw Error::from_errno(Errc::connection_lost, "leaving the monitor", errno);
  }
  for (std::size_t size = 1; size != 0;) {
    size = co_await receive_some(deadline);
    state_->lines.clear();
  }
}

bool Transport::half_close() noexcept {
  return state_ && ::shutdown(state_->socket.native_handle(), SHUT_WR) == 0;
}

void Transport::hang_up() noexcept {
  if (state_) ::shutdown(state_->socket.native_handle(), SHUT_RDWR);
}

bool Transport::heard() const noexcept {
  if (state_->heard) return true;
  char first = 0;
  return ::recv(state_->socket.native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool Transport::has_unread() const noexcept {
  return state_->lines.holds_any();
}

int Transport::native_handle() const noexcept {
  return state_->socket.native_handle();
}

}  // namespace qmpshot::qmp
