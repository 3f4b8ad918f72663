// SPDX-License-Identifier: MIT
// Takes a picture as README says: consumer SOCKET. The size goes to stdout, an error to stderr.
#include <qmpshot/camera.h>

#include <cstdio>

using qmpshot::Camera, qmpshot::Frame, qmpshot::Result;

static int complain(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 2) return complain("usage: consumer SOCKET");
  Result<Camera> camera = Camera::open(argv[1]);
  if (!camera) return complain(camera.error().message());
  Result<Frame> frame = camera->grab();
  if (!frame) return complain(frame.error().message());
  const qmpshot::ImageView& view = frame->image.view();
  std::printf("%ux%u\n", view.width_px, view.height_px);
}
