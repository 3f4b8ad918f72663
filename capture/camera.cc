// SPDX-License-Identifier: MIT
#include "capture/run_to_end.h"

#include <qmpshot/async_camera.h>
#include <qmpshot/camera.h>

#include <asio/io_context.hpp>

#include <optional>
#include <utility>

namespace qmpshot {

using capture::run_to_end;

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
    (void)run_to_end(state_->loop, state_->camera->close());
  } catch (...) {  // no memory even to take leave: the connection ends without it
  }
}

Result<Camera> Camera::open(std::string socket_path, std::chrono::milliseconds timeout) {
  auto state = std::make_unique<State>();
  auto camera = run_to_end(state->loop, AsyncCamera::open(std::move(socket_path), timeout));
  if (!camera) return camera.error();
  state->camera = std::move(*camera);
  return Camera(std::move(state));
}

Result<Camera> Camera::adopt(UniqueFd connected, std::chrono::milliseconds timeout) {
  auto state = std::make_unique<State>();
  auto camera = run_to_end(state->loop, AsyncCamera::adopt(std::move(connected), timeout));
  if (!camera) return camera.error();
  state->camera = std::move(*camera);
  return Camera(std::move(state));
}

Result<Frame> Camera::grab(const GrabRequest& request) {
  return run_to_end(state_->loop, state_->camera->grab(request));
}

Result<std::vector<Display>> Camera::displays(std::chrono::milliseconds timeout) {
  return run_to_end(state_->loop, state_->camera->displays(timeout));
}

Result<Frame> Camera::shoot(std::string socket_path, const GrabRequest& request) {
  asio::io_context loop{1};
  return run_to_end(loop, AsyncCamera::shoot(std::move(socket_path), request));
}

}  // namespace qmpshot
