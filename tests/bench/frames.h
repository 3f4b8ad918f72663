// SPDX-License-Identifier: MIT
// The frames that are measured: the collection in tests/data/frames, and others made here so that
// nothing is tuned to eleven files. Their text is drawn with glyphs cut out of the collection.
#pragma once

#include <qmpshot/image.h>

#include <string>
#include <string_view>
#include <vector>

namespace qmpshot::bench {

enum class FrameClass { console, flat_desktop, photo_desktop };

std::string_view name(FrameClass frame_class);

struct Frame {
  std::string name;
  FrameClass frame_class;
  Image image;  // rgb24, as QEMU hands it out
};

// The collection in the order of names, then the made ones. The same frames every time.
//   folder  tests/data/frames
//   errors  throws qmpshot::Error, std::runtime_error
std::vector<Frame> collection(const std::string& folder);
std::vector<Frame> made_frames(const std::vector<Frame>& collection);

//   errors  throws std::runtime_error where none has the name
const Frame& frame_named(const std::vector<Frame>& frames, std::string_view name);

}  // namespace qmpshot::bench
