// SPDX-License-Identifier: MIT
// What is said about frames and displays, for programs and for people.
#pragma once

#include "encode/encoder.h"
#include "tools/qmpshot/picture.h"

#include <qmpshot/display.h>
#include <qmpshot/frame.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace qmpshot::tools {

// One JSON object: the file in base64 under "image", and everything that is known about it.
std::string frame_json(const Frame& frame, const PictureFile& file, const encode::Encoder& encoder);

std::string displays_json(const std::vector<Display>& displays);

// A table, one line each, with a line of headings.
std::string displays_table(const std::vector<Display>& displays);

// Milliseconds per step, the routes not taken, one line each.
std::string stats_text(const Frame& frame, const std::vector<Step>& own_steps);

}  // namespace qmpshot::tools
