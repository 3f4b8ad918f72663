// SPDX-License-Identifier: MIT
#include "capture/cleanup.h"
#include "capture/grabber.h"
#include "capture/leftovers.h"
#include "capture/one_shot.h"
#include "capture/watching.h"

#include <qmpshot/async_camera.h>

#include <asio/this_coro.hpp>

#include <utility>

namespace qmpshot {

struct AsyncCamera::State {
  explicit State(qmp::Client client) : grabber(std::move(client)) {}

  capture::Grabber grabber;
};

AsyncCamera::AsyncCamera(std::unique_ptr<State> state) : state_(std::move(state)) {}
AsyncCamera::AsyncCamera(AsyncCamera&&) noexcept = default;
AsyncCamera& AsyncCamera::operator=(AsyncCamera&&) noexcept = default;
AsyncCamera::~AsyncCamera() = default;

asio::awaitable<AsyncCamera> AsyncCamera::open(std::string socket_path,
                                               std::chrono::milliseconds timeout) {
  const qmp::Deadline deadline = qmp::Deadline::after(timeout);
  qmp::Client client = co_await qmp::Client::connect(std::move(socket_path), deadline);
  co_await client.handshake(deadline);
  co_await capture::reclaim_leftovers(client, deadline);
  co_return AsyncCamera(std::make_unique<State>(std::move(client)));
}

asio::awaitable<AsyncCamera> AsyncCamera::adopt(UniqueFd connected,
                                                std::chrono::milliseconds timeout) {
  qmp::Client client(co_await asio::this_coro::executor, std::move(connected));
  const qmp::Deadline deadline = qmp::Deadline::after(timeout);
  co_await client.handshake(deadline);
  co_await capture::reclaim_leftovers(client, deadline);
  co_return AsyncCamera(std::make_unique<State>(std::move(client)));
}

asio::awaitable<Frame> AsyncCamera::grab(GrabRequest request) {
  const qmp::Deadline deadline = qmp::Deadline::after(request.timeout);
  co_return co_await capture::fulfil(state_->grabber, std::move(request), capture::Stopwatch(),
                                     deadline);
}

asio::awaitable<std::vector<Display>> AsyncCamera::displays(std::chrono::milliseconds timeout) {
  co_return co_await state_->grabber.displays(qmp::Deadline::after(timeout));
}

asio::awaitable<void> AsyncCamera::close() {
  if (!state_) co_return;
  const auto close = [this](qmp::Deadline grace) { return state_->grabber.close(grace); };
  co_await capture::within_grace(close);
  state_.reset();
}

asio::awaitable<Frame> AsyncCamera::shoot(std::string socket_path, GrabRequest request) {
  capture::OneShot shot = co_await capture::shoot(std::move(socket_path), std::move(request), {});
  co_return std::move(shot.frame);
}

}  // namespace qmpshot
