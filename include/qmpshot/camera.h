// SPDX-License-Identifier: MIT
// Pictures of a virtual machine's screen, for callers that block. For callers that own an
// io_context: async_camera.h.
#pragma once

#include <qmpshot/display.h>
#include <qmpshot/error.h>
#include <qmpshot/frame.h>
#include <qmpshot/unique_fd.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace qmpshot {

// What to grab, how, and how long it may take.
struct GrabRequest {
  GrabRequest() = default;

  DisplayChoice display;
  Route route = Route::automatic;

  // Stops the VM's processors while QEMU reads the video memory, so that no frame is torn by them.
  // A VM that does not run is left as it is; one that does is continued, whatever becomes of us.
  // Frozen frames of one VM wait for each other, through all its monitors and in all processes of
  // this network namespace, until the timeout: then timed_out. After a frame whose own time was up
  // others wait until this camera is used again, or closed. A "stop" of another client in the
  // milliseconds of the copy is undone: QEMU does not say whose a pause is.
  bool freeze = false;

  // Presses and releases Shift, and takes the picture when it is another one, or after two seconds.
  bool wake = false;

  // A blank screen or one of QEMU's placeholders is the error no_picture.
  bool require_content = false;

  // The same, but looks again, ever more rarely, for so long.
  std::chrono::milliseconds wait_content{0};

  // Also asks for the VM's name, uuid and run state.
  bool vm_facts = false;

  // For connecting, finding the display and every route that is tried; waiting for content comes
  // on top.
  std::chrono::milliseconds timeout{5000};
};

// One connection to one VM's QMP socket. While it is open no other client is served there. Used by
// one thread at a time.
//
// The errors of every call: cannot_connect, connection_lost, cannot_write (our own memory or
// descriptors), timed_out, monitor_busy, refused, unsupported, bad_peer, bad_image,
// no_picture.
class Camera {
 public:
  // Connects and negotiates.
  static Result<Camera> open(std::string socket_path,
                             std::chrono::milliseconds timeout = std::chrono::seconds(5));

  // Takes over a connected stream socket, such as one half of a socketpair whose other half QEMU
  // inherited. Nothing may have been read from it.
  static Result<Camera> adopt(UniqueFd connected,
                              std::chrono::milliseconds timeout = std::chrono::seconds(5));

  Camera(Camera&&) noexcept;
  Camera& operator=(Camera&&) noexcept;

  // Takes back from QEMU what was lent to it, within a second.
  ~Camera();

  // One picture. Pixels of earlier frames stay valid.
  //   errors  refused: no such device or head, with QEMU's words; unsupported: a display that this
  //           QEMU cannot show without risk to the VM
  Result<Frame> grab(const GrabRequest& request = {});

  // Every console, by index.
  Result<std::vector<Display>> displays(
      std::chrono::milliseconds timeout = std::chrono::seconds(5));

  // Connects, grabs one picture and disconnects, in the fewest steps QEMU allows.
  static Result<Frame> shoot(std::string socket_path, const GrabRequest& request = {});

 private:
  struct State;
  explicit Camera(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace qmpshot
