// SPDX-License-Identifier: MIT
// The frames that are measured: the collection in tests/data/frames; screens of other guests, which
// scripts/make-guest-frames boots; and drawn ones, whose text has glyphs cut out of the collection.
#pragma once

#include <qmpshot/image.h>

#include <string>
#include <string_view>
#include <vector>

namespace qmpshot::bench {

enum class FrameClass { console, flat_desktop, photo_desktop };

enum class FrameSource { given, guest, drawn };

std::string_view name(FrameClass frame_class);
std::string_view name(FrameSource source);

struct Frame {
  std::string name;
  FrameClass frame_class;
  FrameSource source;
  Image image;  // rgb24, as QEMU hands it out
};

// The same frames every time, the first two in the order of their names.
//   folder  tests/data/frames; where scripts/make-guest-frames left its own
//   errors  throws qmpshot::Error, std::runtime_error
std::vector<Frame> collection(const std::string& folder);
std::vector<Frame> guest_frames(const std::string& folder);
std::vector<Frame> drawn_frames(const std::vector<Frame>& collection);

//   errors  throws std::runtime_error where none has the name
const Frame& frame_named(const std::vector<Frame>& frames, std::string_view name);

}  // namespace qmpshot::bench
