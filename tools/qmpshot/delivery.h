// SPDX-License-Identifier: MIT
// A frame, encoded and handed over: in the form and to the place asked for.
#pragma once

#include "encode/row_source.h"
#include "tools/qmpshot/options.h"
#include "tools/qmpshot/picture.h"

#include <qmpshot/frame.h>

#include <optional>
#include <string>

namespace qmpshot::tools {

// Whether the picture is drawn on the terminal, and no file made of it.
bool wants_preview(const Options& options) noexcept;

// The file that hand_over() would make of the frame whose pixels `rows` are; nullopt where no file
// of just these is wanted, where it is no console's, and where it fails, which hand_over() will
// say.
//   there  whether all rows are there. Then the others who wait for the monitor wait for this, too,
//          so it is also nullopt where that takes long
std::optional<PictureFile> make_ahead(const Options& options, encode::RowSource& rows, bool there);

// The picture, or its JSON, to `output` (empty or "-" is stdout); or a preview, where stdout is a
// terminal and nothing else was asked for. Says with --verbose and --stats how it came to be.
//   made_ahead  from make_ahead(), of the same frame
//   errors  as make_file(); cannot_write
Result<void> hand_over(const Options& options, const Frame& frame, const std::string& output,
                       std::optional<PictureFile> made_ahead = {});

// The JSON that hand_over() would write.
//   errors  as make_file()
Result<std::string> as_json(const Options& options, const Frame& frame);

// `text` and a newline.
//   errors  cannot_write
Result<void> deliver_line(std::string text, const std::string& output);

}  // namespace qmpshot::tools
