// SPDX-License-Identifier: MIT
#include "capture/file_route.h"

#include "capture/frame_file.h"
#include "capture/leftovers.h"
#include "capture/private_file.h"
#include "capture/quirks.h"
#include "encode/compare.h"

#include <unistd.h>

#include <optional>
#include <utility>

namespace qmpshot::capture {
namespace {

asio::awaitable<PrivateFile> dump_to_file(qmp::Client& client, Dump dump, PendingFiles& pending,
                                          qmp::Deadline deadline) {
  const std::optional<Peer> peer = peer_of(client.native_handle());
  PrivateFile file = PrivateFile::create(peer ? peer->uid : ::geteuid()).value();
  dump.what.filename = file.path();
  try {
    co_await run_dump(client, std::move(dump), deadline);
  } catch (const Error& error) {
    if (error.code() != Errc::refused) pending.push_back(std::move(file));
    throw;
  }
  co_return file;
}

}  // namespace

asio::awaitable<Image> grab_ppm_file(qmp::Client& client, Dump dump, PendingFiles& pending,
                                     Stopwatch& watch, qmp::Deadline deadline) {
  dump.what.format = qmp::DumpFormat::ppm;
  const PrivateFile file = co_await dump_to_file(client, std::move(dump), pending, deadline);
  watch.lap("dump");
  PixelMemory memory;
  Image image = read_ppm_file(file.fd(), memory).value();
  watch.lap("read");
  co_return image;
}

asio::awaitable<QemuPng> grab_png_file(qmp::Client& client, Dump dump, PendingFiles& pending,
                                       Stopwatch& watch, qmp::Deadline deadline) {
  const qmp::Version version = client.greeting() ? client.greeting()->version : qmp::Version();
  if (has_quirk(version, Quirk::no_png)) {
    throw Error(Errc::unsupported, "asking for PNG: " + quirk_note(version, Quirk::no_png));
  }
  dump.what.format = qmp::DumpFormat::png;
  const PrivateFile file = co_await dump_to_file(client, dump, pending, deadline);
  watch.lap("dump");
  PngFrame frame = read_png_file(file.fd()).value();
  watch.lap("read");

  QemuPng out;
  out.image = std::move(frame.image);
  out.png = std::move(frame.bytes);
  if (has_quirk(version, Quirk::png_swaps_colours)) {
    Image witness = co_await grab_ppm_file(client, std::move(dump), pending, watch, deadline);
    if (!encode::equal(out.image.view(), witness.view())) {
      out.image = std::move(witness);
      out.png.clear();
    }
  }
  co_return out;
}

}  // namespace qmpshot::capture
