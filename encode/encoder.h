// SPDX-License-Identifier: MIT
// The table of file formats: one row each, found by name or by a file's extension.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qmpshot::encode {

// Each format takes what it knows and ignores the rest.
struct EncodeOptions {
  // PNG. The smallest file, however long that takes, rather than a small one soon.
  bool small = false;

  // PNG. The most threads that work on a large frame, the calling one among them; 0: one for each
  // CPU that it may use, 8 at most. The bytes do not depend on it.
  unsigned threads = 0;

  // PNG. Written as text into the file where they are given, UTF-8 without control characters.
  std::string title;                                 // "Title", such as the VM's name
  std::string source;                                // "Source": what made the picture
  std::optional<std::chrono::sys_seconds> taken_at;  // "Creation Time"

  // JPEG. 1 to 100, the scale of libjpeg's jpeg_set_quality.
  int quality = 85;
};

struct Encoder {
  std::string_view name;                         // what --format takes
  std::string_view content_type;                 // its media type
  std::span<const std::string_view> extensions;  // lower case, with the dot

  // Appends one whole file to `out`. The image is whole and no side is above max_side_px.
  Result<void> (*encode)(const ImageView& image, const EncodeOptions& options,
                         std::vector<std::byte>& out);
};

// Every format, the default one first. Includes "null", which writes nothing: it is what
// benchmarks subtract.
std::span<const Encoder> encoders() noexcept;

// nullptr where there is none.
const Encoder* find_encoder(std::string_view name) noexcept;

// By what follows the last dot of the path's last part, whatever its case. nullptr where unknown.
const Encoder* find_encoder_for_path(std::string_view path) noexcept;

// One whole file in the given format.
//   image   its pixels must not change meanwhile, or the file shows what nobody drew, if readers
//           take it at all; memory stays safe
//   errors  bad_argument: an image that is not whole (encode/geometry.h), or larger than the format
//           can hold, or QMPSHOT_CPU names a target that this CPU does not run;
//           cannot_write: out of memory
Result<std::vector<std::byte>> encode(const Encoder& encoder, const ImageView& image,
                                      const EncodeOptions& options = {});

}  // namespace qmpshot::encode
