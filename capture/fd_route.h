// SPDX-License-Identifier: MIT
// The fast path: PPM into memory of ours that QEMU holds a descriptor of, one set for a whole
// session.
#pragma once

#include "capture/dump.h"
#include "capture/frame_slot.h"
#include "capture/stopwatch.h"
#include "qmp/client.h"
#include "qmp/commands.h"

#include <qmpshot/image.h>

#include <asio/awaitable.hpp>

#include <optional>

namespace qmpshot::capture {

// How long QEMU is lent something.
enum class Lent { for_one_dump, for_a_session };

// A set number that no other client of this VM is likely to choose in that time.
qmp::FdsetId random_fdset_id(Lent how_long);

class FdRoute {
 public:
  // One frame; lends the memory first where QEMU does not have it yet.
  //   errors  refused, cannot_write, bad_image, timed_out, connection_lost, cancelled, bad_peer
  asio::awaitable<Image> grab(qmp::Client& client, Dump dump, Stopwatch& watch,
                              qmp::Deadline deadline);

  // Whether QEMU holds our memory already.
  [[nodiscard]] bool lent() const noexcept { return lent_; }

  // Takes the memory back, where it was lent.
  asio::awaitable<void> close(qmp::Client& client, qmp::Deadline deadline);

 private:
  asio::awaitable<void> open(qmp::Client& client, qmp::Deadline deadline);

  std::optional<FrameSlot> slot_;
  PixelMemory memory_;
  qmp::FdsetId fdset_ = 0;
  bool lent_ = false;     // QEMU may hold our descriptor
  bool dumping_ = false;  // a dump was asked for whose end we did not see
};

}  // namespace qmpshot::capture
