// SPDX-License-Identifier: MIT
// A coroutine, run by who has no loop.
#pragma once

#include <qmpshot/error.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace qmpshot::capture {

// Runs `work` to its end on a loop that is ours alone.
//   errors  what it throws
inline Result<void> run_to_end(asio::io_context& loop, asio::awaitable<void> work) {
  std::exception_ptr failure;
  asio::co_spawn(loop, std::move(work),
                 [&failure](std::exception_ptr thrown) { failure = std::move(thrown); });
  loop.restart();
  loop.run();
  if (failure) return Error::from_exception(failure);
  return {};
}

namespace detail {
template <class T>
asio::awaitable<void> keep(asio::awaitable<T> work, std::optional<T>& value) {
  value = co_await std::move(work);
}
}  // namespace detail

// The same, and what it returned. co_spawn alone asks a T that can be made of nothing.
template <class T>
Result<T> run_to_end(asio::io_context& loop, asio::awaitable<T> work) {
  std::optional<T> value;
  const Result<void> done = run_to_end(loop, detail::keep(std::move(work), value));
  if (!done) return done.error();
  return std::move(*value);
}

}  // namespace qmpshot::capture
