// SPDX-License-Identifier: MIT
// What the shell learns: one status for each thing a script would do differently.
#pragma once

#include <qmpshot/error.h>

namespace qmpshot::tools::exit_status {

inline constexpr int done = 0;
inline constexpr int bad_usage = 2;

constexpr int of(Errc code) noexcept {
  switch (code) {
    case Errc::bad_argument: return bad_usage;
    case Errc::cannot_connect:
    case Errc::connection_lost:
    case Errc::cannot_write: return 3;
    case Errc::timed_out:
    case Errc::monitor_busy: return 4;
    case Errc::refused: return 5;
    case Errc::unsupported: return 6;
    case Errc::bad_peer:
    case Errc::bad_image: return 7;
    case Errc::no_picture: return 8;
    case Errc::cancelled: return 130;  // as if SIGINT had ended us
  }
  return 7;
}

}  // namespace qmpshot::tools::exit_status
