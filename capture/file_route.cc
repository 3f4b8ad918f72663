// SPDX-License-Identifier: MIT
#include "capture/file_route.h"

#include "capture/frame_file.h"
#include "capture/leftovers.h"
#include "capture/private_file.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace qmpshot::capture {
namespace {

asio::awaitable<PrivateFile> dump_to_file(qmp::Client& client, qmp::Screendump what,
                                          qmp::Deadline deadline) {
  const std::optional<Peer> peer = peer_of(client.native_handle());
  PrivateFile file = PrivateFile::create(peer ? peer->uid : ::geteuid()).value();
  what.filename = file.path();
  qmp::Command command = qmp::screendump(what);
  co_await client.execute(std::move(command), deadline);
  co_return file;
}

// Both rgb24 without padding, as our readers return them.
bool same_pixels(const ImageView& a, const ImageView& b) {
  return a.width_px == b.width_px && a.height_px == b.height_px &&
         std::ranges::equal(a.pixels, b.pixels);
}

}  // namespace

asio::awaitable<Image> grab_ppm_file(qmp::Client& client, qmp::Screendump what, Stopwatch& watch,
                                     qmp::Deadline deadline) {
  what.format = qmp::DumpFormat::ppm;
  const PrivateFile file = co_await dump_to_file(client, std::move(what), deadline);
  watch.lap("dump");
  PixelMemory memory;
  Image image = read_ppm_file(file.fd(), memory).value();
  watch.lap("read");
  co_return image;
}

asio::awaitable<QemuPng> grab_png_file(qmp::Client& client, qmp::Screendump what, Stopwatch& watch,
                                       qmp::Deadline deadline) {
  const qmp::Version version = client.greeting() ? client.greeting()->version : qmp::Version();
  if (version < png_since) {
    throw Error(Errc::unsupported, "asking for PNG: QEMU " + version.text() +
                                       " writes none, 7.1 was the first: use --route fd");
  }
  what.format = qmp::DumpFormat::png;
  const PrivateFile file = co_await dump_to_file(client, what, deadline);
  watch.lap("dump");
  PngFrame frame = read_png_file(file.fd()).value();
  watch.lap("read");

  QemuPng out;
  out.image = std::move(frame.image);
  out.png = std::move(frame.bytes);
  if (version < png_trusted_since) {
    Image witness = co_await grab_ppm_file(client, std::move(what), watch, deadline);
    if (!same_pixels(out.image.view(), witness.view())) {
      out.image = std::move(witness);
      out.png.clear();
    }
  }
  co_return out;
}

}  // namespace qmpshot::capture
