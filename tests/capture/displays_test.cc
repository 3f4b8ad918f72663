// SPDX-License-Identifier: MIT
// Which consoles may be asked for; asking QEMU for them is tests/contract's.
#include "capture/displays.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace qmpshot::capture {
namespace {

constexpr qmp::Version old{7, 2, 22};    // a lookup past a text console is a clean error
constexpr qmp::Version new_{10, 0, 13};  // ... aborts

Display graphic(std::uint32_t index, const std::string& id, std::uint32_t head = 0) {
  Display display;
  display.index = index;
  display.device_id = id;
  display.device_type = "VGA";
  display.device_path = "/machine/peripheral/" + id;
  display.head = head;
  return display;
}

Display text_console(std::uint32_t index) {
  Display display;
  display.index = index;
  display.kind = DisplayKind::text;
  return display;
}

// By index: 'y' where a console can be grabbed, 'n' where it cannot.
std::string marks(std::vector<Display> displays, qmp::Version version) {
  mark_unreachable(displays, version);
  std::string out;
  for (const Display& display : displays) out += display.can_be_grabbed() ? 'y' : 'n';
  return out;
}

TEST(MarkUnreachable, GraphicConsolesWithIdsBeforeEveryTextConsoleCanBeGrabbed) {
  const std::vector<Display> displays = {graphic(0, "a"), graphic(1, "b"), text_console(2)};
  EXPECT_EQ(marks(displays, old), "yyn");
  EXPECT_EQ(marks(displays, new_), "yyn");
}

// D1: the lookup aborts on the way.
TEST(MarkUnreachable, GraphicConsoleBehindATextConsoleIsLeftAloneWhereQemuAborts) {
  const std::vector<Display> displays = {graphic(0, "a"), text_console(1), graphic(2, "late")};
  EXPECT_EQ(marks(displays, old), "yny");
  EXPECT_EQ(marks(displays, new_), "ynn");
}

TEST(MarkUnreachable, AbortIsExpectedFrom80On) {
  const std::vector<Display> displays = {graphic(0, "a"), text_console(1), graphic(2, "late")};
  EXPECT_EQ(marks(displays, {7, 9, 99}), "yny");
  EXPECT_EQ(marks(displays, {8, 0, 0}), "ynn");
}

TEST(MarkUnreachable, FirstConsoleNeedsNoNameWhateverItIs) {
  EXPECT_EQ(marks({text_console(0)}, new_), "y");
  EXPECT_EQ(marks({graphic(0, "")}, new_), "y");
}

TEST(MarkUnreachable, LaterDeviceWithoutIdCannotBeNamed) {
  std::vector<Display> displays = {graphic(0, "a"), graphic(1, "")};
  EXPECT_EQ(marks(displays, old), "yn");
  mark_unreachable(displays, old);
  EXPECT_NE(displays[1].why_not.find("-device VGA,id=NAME"), std::string::npos);
}

TEST(ChooseDisplay, FindsDeviceAndHead) {
  const std::vector<Display> displays = {graphic(0, "a"), graphic(1, "b"), graphic(2, "b", 1)};
  EXPECT_EQ(choose_display(displays, DisplayChoice("a")).value().index, 0u);
  EXPECT_EQ(choose_display(displays, DisplayChoice("b")).value().index, 1u);
  EXPECT_EQ(choose_display(displays, DisplayChoice("b", 1)).value().index, 2u);
}

TEST(ChooseDisplay, UnknownIdIsRefusedWithTheKnownOnesOnceEach) {
  const std::vector<Display> displays = {graphic(0, "a"), graphic(1, "b"), graphic(2, "b", 1)};
  const Result<Display> none = choose_display(displays, DisplayChoice("c"));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), Errc::refused);
  EXPECT_TRUE(none.error().message().ends_with("but a, b")) << none.error().message();
}

TEST(ChooseDisplay, UnknownIdAmongDevicesWithoutIdsSaysThatNoneHasOne) {
  const Result<Display> none = choose_display({graphic(0, "")}, DisplayChoice("c"));
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message().find("no display here has one"), std::string::npos);
}

TEST(ChooseDisplay, UnknownHeadIsRefusedWithTheKnownOnes) {
  const std::vector<Display> displays = {graphic(0, "b"), graphic(1, "b", 1)};
  const Result<Display> none = choose_display(displays, DisplayChoice("b", 7));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), Errc::refused);
  EXPECT_TRUE(none.error().message().ends_with("no head 7, but 0, 1")) << none.error().message();
}

TEST(ChooseDisplay, DisplayThatCostsTheVmIsUnsupported) {
  std::vector<Display> displays = {graphic(0, "a"), text_console(1), graphic(2, "late")};
  mark_unreachable(displays, new_);
  const Result<Display> none = choose_display(displays, DisplayChoice("late"));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), Errc::unsupported);
  EXPECT_NE(none.error().message().find("abort"), std::string::npos);
}

}  // namespace
}  // namespace qmpshot::capture
