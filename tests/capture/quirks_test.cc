// SPDX-License-Identifier: MIT
#include "capture/quirks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>

namespace qmpshot::capture {
namespace {

using qmp::Version;

constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();

// The first and the last version that have it.
struct Expected {
  Quirk quirk;
  Version since;
  Version until;
};

constexpr std::array<Expected, 6> all = {{
    {Quirk::no_png, {0, 0, 0}, {7, 0, last}},
    {Quirk::png_swaps_colours, {7, 1, 0}, {8, 0, last}},
    {Quirk::lookup_aborts, {8, 0, 0}, {99, 0, 0}},
    {Quirk::keeps_descriptors, {0, 0, 0}, {9, 2, last}},
    {Quirk::secondary_qxl_hangs, {0, 0, 0}, {7, 1, last}},
    {Quirk::hides_hot_plugged, {0, 0, 0}, {11, 0, last}},
}};

TEST(Quirks, EachHasOneRowWithWordsAndASource) {
  ASSERT_EQ(quirks().size(), all.size());
  for (const Expected& expected : all) {
    EXPECT_EQ(std::ranges::count(quirks(), expected.quirk, &QuirkRow::quirk), 1)
        << static_cast<int>(expected.quirk);
  }
  for (const QuirkRow& row : quirks()) {
    EXPECT_LT(row.since, row.before) << row.what;
    EXPECT_FALSE(row.what.empty());
    EXPECT_FALSE(row.what_we_do.empty()) << row.what;
    EXPECT_FALSE(row.source.empty()) << row.what;
  }
}

TEST(Quirks, BeginAndEndWithTheirVersions) {
  for (const Expected& expected : all) {
    SCOPED_TRACE(quirk_note(expected.since, expected.quirk));
    EXPECT_TRUE(has_quirk(expected.since, expected.quirk));
    EXPECT_TRUE(has_quirk(expected.until, expected.quirk));
    const auto& row = *std::ranges::find(quirks(), expected.quirk, &QuirkRow::quirk);
    EXPECT_FALSE(has_quirk(row.before, expected.quirk));
    const auto& [major, minor, micro] = row.since;
    const Version earlier =
        minor > 0 ? Version{major, minor - 1, last} : Version{major - 1, last, last};
    EXPECT_FALSE(has_quirk(earlier, expected.quirk));
  }
}

// These four were run; tests/matrix does so again.
TEST(Quirks, AreThoseOfTheVersionsThatWereSeen) {
  const auto of = [](const Version& version) {
    std::string out;
    for (const Expected& expected : all) out += has_quirk(version, expected.quirk) ? 'x' : '-';
    return out;
  };
  EXPECT_EQ(of({5, 2, 0}), "x--xxx");
  EXPECT_EQ(of({7, 2, 22}), "-x-x-x");
  EXPECT_EQ(of({10, 0, 13}), "--x--x");
  EXPECT_EQ(of({11, 1, 3}), "--x---");
}

TEST(Quirks, ANoteIsOneLineThatNamesTheVersion) {
  EXPECT_EQ(quirk_note({5, 2, 0}, Quirk::no_png),
            "QEMU 5.2.0: screendump writes no PNG, which 7.1 and later do: the png-file route is "
            "left out");
}

}  // namespace
}  // namespace qmpshot::capture
