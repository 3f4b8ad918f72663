// SPDX-License-Identifier: MIT
#include "tools/qmpshot/picture.h"

#include <utility>

namespace qmpshot::tools {
namespace {

// Whether QEMU's own PNG, which holds the pixels and no more, will do.
bool asks_for_more(const encode::EncodeOptions& options) {
  return options.small || !options.title.empty() || !options.source.empty() || options.taken_at;
}

}  // namespace

Result<Image> shaped(const Image& frame, const Shape& shape) {
  ImageView view = frame.view();
  if (shape.crop) {
    Result<ImageView> cut = encode::crop(view, *shape.crop);
    if (!cut) return cut.error();
    view = *cut;
  }
  encode::Size size{view.width_px, view.height_px};
  if (shape.scale) size = *shape.scale;
  if (shape.max_side_px != 0) size = encode::fit_within(size, shape.max_side_px);
  if (size == encode::Size{view.width_px, view.height_px}) {
    return Image(std::make_shared<Image>(frame), view);
  }
  return encode::scale(view, size, shape.filter);
}

Result<PictureFile> make_file(const Frame& frame, const Shape& shape,
                              const encode::Encoder& encoder,
                              const encode::EncodeOptions& options) {
  PictureFile file;
  if (shape.as_it_is() && !asks_for_more(options) && !frame.qemu_png.empty() &&
      encoder.name == "png") {
    file.bytes = frame.qemu_png;
    file.size = {frame.image.view().width_px, frame.image.view().height_px};
    return file;
  }
  Result<Image> image = shaped(frame.image, shape);
  if (!image) return image.error();
  Result<std::vector<std::byte>> bytes = encode::encode(encoder, image->view(), options);
  if (!bytes) return bytes.error();
  file.bytes = std::move(*bytes);
  file.size = {image->view().width_px, image->view().height_px};
  return file;
}

}  // namespace qmpshot::tools
