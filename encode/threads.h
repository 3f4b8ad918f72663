// SPDX-License-Identifier: MIT
// Work that several CPUs share.
#pragma once

#include <cstddef>
#include <functional>

namespace qmpshot::encode {

// How many threads serve us at once: the CPUs that this thread may use, 8 at most. More have not
// been measured, and each takes memory.
unsigned usable_threads() noexcept;

using Part = std::function<void(std::size_t part)>;

// Does parts 0 to count - 1, each once and begun in this order, on up to `threads` threads at once,
// the calling one among them. There may be fewer, where the system has no more to give. The new
// threads take no signals. A part for which memory is lacking is done again when all have ended, by
// the calling thread alone: so each must start afresh.
//   start   called on each thread: what it returns does that thread's parts
//   throws  what a part threw; the others may not be done then
void do_parts(std::size_t count, unsigned threads, const std::function<Part()>& start);

}  // namespace qmpshot::encode
