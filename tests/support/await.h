// SPDX-License-Identifier: MIT
// Runs coroutines from a test: to their end, or until they are cancelled.
#pragma once

#include <qmpshot/error.h>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace qmpshot::test {

// A coroutine that was started and has not necessarily ended. Errors it throws are its result; what
// else it throws is rethrown by result(): nothing but Error may come out of our coroutines.
template <class T>
class Started {
 public:
  Started(asio::io_context& io, asio::awaitable<T> work) {
    asio::co_spawn(io, keep(std::move(work), result_),
                   asio::bind_cancellation_slot(
                       signal_.slot(), [this](std::exception_ptr error) { other_ = error; }));
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;

  void cancel() { signal_.emit(asio::cancellation_type::terminal); }

  [[nodiscard]] bool ended() const { return result_.has_value() || other_; }

  Result<T> result() {
    if (other_) std::rethrow_exception(other_);
    return std::move(result_).value();
  }

 private:
  static asio::awaitable<void> keep(asio::awaitable<T> work, std::optional<Result<T>>& out) {
    try {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(work);
        out.emplace();
      } else {
        out.emplace(co_await std::move(work));
      }
    } catch (const Error& error) {
      out.emplace(error);
    }
  }

  asio::cancellation_signal signal_;
  std::optional<Result<T>> result_;
  std::exception_ptr other_;
};

// Runs `work` to its end.
template <class T>
Result<T> run(asio::io_context& io, asio::awaitable<T> work) {
  Started<T> started(io, std::move(work));
  io.restart();
  io.run();
  return started.result();
}

// Starts `work` and cancels it when the loop made `steps` steps.
template <class T>
Result<T> run_and_cancel(asio::io_context& io, asio::awaitable<T> work, int steps) {
  Started<T> started(io, std::move(work));
  io.restart();
  for (int i = 0; i < steps && !started.ended(); ++i) io.run_one();
  if (!started.ended()) started.cancel();
  io.run();
  return started.result();
}

}  // namespace qmpshot::test
