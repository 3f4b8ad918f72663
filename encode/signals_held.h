// SPDX-License-Identifier: MIT
// Signals that wait. Private to the library.
#pragma once

#include <signal.h>

namespace qmpshot::encode {

// While it lives, this thread takes no signals, and what it starts never does: those are for the
// caller's threads.
class SignalsHeld {
 public:
  SignalsHeld() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }  // leaves errno alone
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace qmpshot::encode
