// SPDX-License-Identifier: MIT
// A frame, encoded and handed over: in the form and to the place asked for.
#pragma once

#include "tools/qmpshot/options.h"

#include <qmpshot/frame.h>

#include <string>

namespace qmpshot::tools {

// Whether the picture is drawn on the terminal, and no file made of it.
bool wants_preview(const Options& options) noexcept;

// The picture, or its JSON, to `output` (empty or "-" is stdout); or a preview, where stdout is a
// terminal and nothing else was asked for. Says with --verbose and --stats how it came to be.
//   errors  as make_file(); cannot_write
Result<void> hand_over(const Options& options, const Frame& frame, const std::string& output);

// The JSON that hand_over() would write.
//   errors  as make_file()
Result<std::string> as_json(const Options& options, const Frame& frame);

// `text` and a newline.
//   errors  cannot_write
Result<void> deliver_line(std::string text, const std::string& output);

}  // namespace qmpshot::tools
