// SPDX-License-Identifier: MIT
// One frame on its way: encoded, and handed over in the form and to the place asked for.
#pragma once

#include "tools/qmpshot/options.h"
#include "tools/qmpshot/picture.h"

#include <qmpshot/frame.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qmpshot::tools {

class Delivery {
 public:
  // `options` outlives this. Says with --verbose how the frame was taken.
  Delivery(const Options& options, Frame frame);

  // Whether encode() takes milliseconds: QEMU's monitor may be kept waiting for so long.
  [[nodiscard]] bool encodes_quickly() const noexcept;

  // Makes the file now; hand_over() would do it. Not for a preview, and once.
  void encode();

  // The picture, or its JSON, to `output` (empty or "-" is stdout); or a preview, where stdout is a
  // terminal and nothing else was asked for.
  //   errors  as make_file(); cannot_write
  Result<void> hand_over(const std::string& output);

  // The JSON that hand_over() would write.
  //   errors  as make_file()
  Result<std::string> json();

  [[nodiscard]] const Frame& frame() const noexcept { return frame_; }

 private:
  [[nodiscard]] encode::EncodeOptions encode_options() const;
  Result<void> write(const std::string& output);
  Result<void> preview();

  const Options& options_;
  Frame frame_;
  std::optional<Result<PictureFile>> file_;
  std::vector<Step> steps_;
};

// Whether what goes to `options.output` is a preview.
bool wants_preview(const Options& options) noexcept;

// `text` and a newline.
//   errors  cannot_write
Result<void> deliver_line(std::string text, const std::string& output);

}  // namespace qmpshot::tools
