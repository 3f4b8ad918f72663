// SPDX-License-Identifier: MIT
// qmpshot: the screen of a running VM, on the terminal, in a file or in a pipe.
#include "tools/qmpshot/choose_socket.h"
#include "tools/qmpshot/exit_status.h"
#include "tools/qmpshot/grab.h"
#include "tools/qmpshot/log.h"
#include "tools/qmpshot/options.h"
#include "tools/qmpshot/shoot.h"
#include "tools/qmpshot/vms.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace qmpshot::tools {
namespace {

// One time for everything: what choosing takes is no longer there for the picture, but for the
// second that one needs.
Result<void> choose(Options& options) {
  using std::chrono::milliseconds;
  const auto begin = std::chrono::steady_clock::now();
  milliseconds& timeout = options.request.timeout;
  Result<std::string> socket = choose_socket(options.sockets, options.vm, timeout);
  if (!socket) return socket.error();
  options.socket = std::move(*socket);
  verbose("socket " + options.socket);
  const auto took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
  timeout = std::max(timeout - took, std::min(timeout, milliseconds(1000)));
  return {};
}

// What the command line offers against it.
const char* advice(Errc code) {
  switch (code) {
    case Errc::timed_out: return ": a longer --timeout may help";
    case Errc::no_picture: return ": try --wake, or a longer --wait-content";
    default: return "";
  }
}

int run(Options options) {
  if (options.verbose) start_verbose_log();
  Result<void> done = choose(options);
  if (done)
    done = options.list ? list(options) : options.all ? shoot_all(options) : shoot_one(options);
  if (done) return exit_status::done;
  if (const int signal = interrupted_by(); signal != 0) {
    // Everything is taken back: now end as the signal asked, so that the shell knows.
    (void)::raise(signal);
  }
  Error error = done.error();
  const bool never_greeted = error.code() == Errc::monitor_busy && !options.socket.empty();
  if (never_greeted) error = why_no_greeting(options.socket, error);
  std::fprintf(stderr, "qmpshot: %s%s\n", error.what(), advice(error.code()));
  return exit_status::of(error.code());
}

}  // namespace
}  // namespace qmpshot::tools

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error like any other,
  std::signal(SIGXFSZ, SIG_IGN);  // and so is a file above `ulimit -f`
  try {
    if (argc > 1 && std::string_view(argv[1]) == "vms") {
      return qmpshot::tools::run_vms(argc - 1, argv + 1);
    }
    auto options = qmpshot::tools::parse_options(argc, argv);
    if (const int* status = std::get_if<int>(&options)) return *status;
    return qmpshot::tools::run(std::get<qmpshot::tools::Options>(std::move(options)));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "qmpshot: %s\n", error.what());
    return qmpshot::tools::exit_status::of(qmpshot::Errc::cannot_write);
  }
}
