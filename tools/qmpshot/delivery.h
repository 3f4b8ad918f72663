// SPDX-License-Identifier: MIT
// A frame, encoded and handed over: in the form and to the place asked for.
#pragma once

#include "capture/stopwatch.h"
#include "tools/qmpshot/options.h"
#include "tools/qmpshot/picture.h"

#include <qmpshot/frame.h>

#include <optional>
#include <string>

namespace qmpshot::tools {

// A frame's file, and what it took to make it.
struct EncodedFrame {
  Result<PictureFile> file;
  capture::Stopwatch watch;
};

// As make_file().
EncodedFrame encode_frame(const Options& options, const Frame& frame);

// Whether that is done about as soon as QEMU has taken back what it was lent, so that the monitor
// is not held for much longer.
bool encodes_soon(const Options& options, const Frame& frame) noexcept;

// Makes ready what hand_over() is going to need.
void make_ready(const Options& options);

// The picture, or its JSON, to `output` (empty or "-" is stdout); or a preview, where stdout is a
// terminal and nothing else was asked for. Says with --verbose and --stats how it came to be.
//   early   the frame's file, where it was made already
//   errors  as make_file(); cannot_write
Result<void> hand_over(const Options& options, const Frame& frame, const std::string& output,
                       std::optional<EncodedFrame> early = std::nullopt);

// The JSON that hand_over() would write.
//   errors  as make_file()
Result<std::string> as_json(const Options& options, const Frame& frame);

// `text` and a newline.
//   errors  cannot_write
Result<void> deliver_line(std::string text, const std::string& output);

}  // namespace qmpshot::tools
