// SPDX-License-Identifier: MIT
#include "capture/quirks.h"

#include <algorithm>
#include <array>
#include <limits>

namespace qmpshot::capture {
namespace {

constexpr qmp::Version first{0, 0, 0};
constexpr qmp::Version never{std::numeric_limits<std::int64_t>::max(), 0, 0};

// Where two versions were seen and those between were not, the cautious end is taken.
constexpr std::array<QuirkRow, 6> table = {{
    {Quirk::no_png,
     first,
     {7, 1, 0},
     "screendump writes no PNG, which 7.1 and later do",
     "the png-file route is left out",
     "qapi/ui.json; seen on 5.2"},
    {Quirk::png_swaps_colours,
     {7, 1, 0},
     {8, 1, 0},
     "unless patched, its PNG has red and blue swapped",
     "its PNG is compared with a PPM",
     "QEMU issue 1622; seen in the source of 7.2.0"},
    {Quirk::lookup_aborts,
     {8, 0, 0},
     never,
     "looking up a display walks over text consoles and aborts the VM on the first",
     "displays behind a text console are refused",
     "seen on 10.0 and 11.1, not on 7.2"},
    {Quirk::keeps_descriptors,
     first,
     {10, 0, 0},
     "while the VM does not run, descriptors are not closed by remove-fd",
     "a file is used while the VM is paused",
     "seen on 5.2 and 7.2, not on 10.0"},
    {Quirk::secondary_qxl_hangs,
     first,
     {7, 2, 0},
     "asking a secondary qxl without its driver for a picture hangs all monitors",
     "a secondary qxl is refused",
     "seen on 5.2, not on 7.2"},
    {Quirk::hides_hot_plugged,
     first,
     {11, 1, 0},
     "it does not say which displays were plugged in while it ran",
     "only those it was started with can be named",
     "seen on 5.2, 7.2 and 10.0, not on 11.1"},
}};

const QuirkRow& row(Quirk quirk) noexcept {
  return *std::ranges::find(table, quirk, &QuirkRow::quirk);
}

}  // namespace

std::span<const QuirkRow> quirks() noexcept {
  return table;
}

bool has_quirk(const qmp::Version& version, Quirk quirk) noexcept {
  return version >= row(quirk).since && version < row(quirk).before;
}

std::string quirk_note(const qmp::Version& version, Quirk quirk) {
  return "QEMU " + version.text() + ": " + std::string(row(quirk).what) + ": " +
         std::string(row(quirk).what_we_do);
}

}  // namespace qmpshot::capture
