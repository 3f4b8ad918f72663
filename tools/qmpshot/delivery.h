// SPDX-License-Identifier: MIT
// A frame, encoded and handed over: in the form and to the place asked for.
#pragma once

#include "encode/row_source.h"
#include "tools/qmpshot/options.h"
#include "tools/qmpshot/picture.h"

#include <qmpshot/frame.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace qmpshot::tools {

// Whether the picture is drawn on the terminal, and no file made of it.
bool wants_preview(const Options& options) noexcept;

// Whether a console's PNG, just as it is, is the file that hand_over() would make.
bool wants_console_png(const Options& options) noexcept;

// That of a frame whose pixels `rows` are; nullopt where it is no console's, where others would
// wait long for it, and where it fails, which hand_over() will say.
std::optional<std::vector<std::byte>> console_png(const Options& options, encode::RowSource& rows);

// The picture, or its JSON, to `output` (empty or "-" is stdout); or a preview, where stdout is a
// terminal and nothing else was asked for. Says with --verbose and --stats how it came to be.
//   png     where console_png() made it, of the same frame
//   errors  as make_file(); cannot_write
Result<void> hand_over(const Options& options, const Frame& frame, const std::string& output,
                       std::optional<std::vector<std::byte>> png = {});

// The JSON that hand_over() would write.
//   errors  as make_file()
Result<std::string> as_json(const Options& options, const Frame& frame);

// `text` and a newline.
//   errors  cannot_write
Result<void> deliver_line(std::string text, const std::string& output);

}  // namespace qmpshot::tools
