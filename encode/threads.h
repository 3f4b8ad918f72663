// SPDX-License-Identifier: MIT
// Work that several CPUs share. Private to encode.
#pragma once

#include <functional>

namespace qmpshot::encode {

// How many threads of ours can run at once: the CPUs that this thread may use.
unsigned usable_threads() noexcept;

// Calls `work` on up to `threads` threads at once, the calling one among them, and returns when all
// calls have. There may be fewer, where the system has no more to give, so `work` takes its share
// from what the others have left. The new threads take no signals.
//   throws  what the first call to fail threw
void run_on_threads(unsigned threads, const std::function<void()>& work);

}  // namespace qmpshot::encode
