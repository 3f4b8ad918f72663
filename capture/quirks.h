// SPDX-License-Identifier: MIT
// What QEMU versions do that a screenshot must mind: one table, no version numbers elsewhere.
#pragma once

#include "qmp/message.h"

#include <span>
#include <string>
#include <string_view>

namespace qmpshot::capture {

// Where one is acted upon, it is named: in Frame::notes, or in the error, refusal or why_not.
enum class Quirk {
  no_png,
  png_swaps_colours,
  lookup_aborts,
  keeps_descriptors,
  secondary_qxl_hangs,
  hides_hot_plugged,
};

struct QuirkRow {
  Quirk quirk;
  qmp::Version since;   // the first version that has it
  qmp::Version before;  // the first that does not any more
  std::string_view what;
  std::string_view what_we_do;
  std::string_view source;
};

// One row for each.
std::span<const QuirkRow> quirks() noexcept;

bool has_quirk(const qmp::Version& version, Quirk quirk) noexcept;

// "QEMU 7.2.22: <what>: <what we do>"
std::string quirk_note(const qmp::Version& version, Quirk quirk);

}  // namespace qmpshot::capture
