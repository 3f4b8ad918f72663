// SPDX-License-Identifier: MIT
#include <qmpshot/async_camera.h>
#include <qmpshot/camera.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace qmpshot {
namespace {

template <class T>
asio::awaitable<void> keep(asio::awaitable<T> work, std::optional<T>& value) {
  value = co_await std::move(work);
}

// Runs a coroutine to its end on a loop that is ours alone.
Result<void> run(asio::io_context& loop, asio::awaitable<void> work) {
  std::exception_ptr failure;
  asio::co_spawn(loop, std::move(work),
                 [&failure](std::exception_ptr thrown) { failure = std::move(thrown); });
  loop.restart();
  loop.run();
  if (failure) return Error::from_exception(failure);
  return {};
}

template <class T>
Result<T> run(asio::io_context& loop, asio::awaitable<T> work) {
  std::optional<T> value;
  Result<void> done = run(loop, keep(std::move(work), value));
  if (!done) return done.error();
  return std::move(*value);
}

}  // namespace

struct Camera::State {
  asio::io_context loop{1};
  std::optional<AsyncCamera> camera;
};

Camera::Camera(std::unique_ptr<State> state) : state_(std::move(state)) {}
Camera::Camera(Camera&&) noexcept = default;
Camera& Camera::operator=(Camera&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Camera::~Camera() {
  if (!state_ || !state_->camera) return;
  try {
    (void)run(state_->loop, state_->camera->close());
  } catch (...) {  // no memory even to take leave: the connection ends without it
  }
}

Result<Camera> Camera::open(std::string socket_path, std::chrono::milliseconds timeout) {
  auto state = std::make_unique<State>();
  auto camera = run(state->loop, AsyncCamera::open(std::move(socket_path), timeout));
  if (!camera) return camera.error();
  state->camera = std::move(*camera);
  return Camera(std::move(state));
}

Result<Camera> Camera::adopt(UniqueFd connected, std::chrono::milliseconds timeout) {
  auto state = std::make_unique<State>();
  auto camera = run(state->loop, AsyncCamera::adopt(std::move(connected), timeout));
  if (!camera) return camera.error();
  state->camera = std::move(*camera);
  return Camera(std::move(state));
}

Result<Frame> Camera::grab(const GrabRequest& request) {
  return run(state_->loop, state_->camera->grab(request));
}

Result<std::vector<Display>> Camera::displays(std::chrono::milliseconds timeout) {
  return run(state_->loop, state_->camera->displays(timeout));
}

Result<Frame> Camera::shoot(std::string socket_path, const GrabRequest& request) {
  asio::io_context loop{1};
  return run(loop, AsyncCamera::shoot(std::move(socket_path), request));
}

}  // namespace qmpshot
