// SPDX-License-Identifier: MIT
// The test equipment itself, and that the guests draw what they say.
#include "tests/support/real_qemu.h"

#include "encode/ppm.h"
#include "tests/support/bytes.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace qmpshot::test {
namespace {

class RealQemuTest : public testing::Test {
 protected:
  void SetUp() override { QMPSHOT_REQUIRE_QEMU(); }
};

TEST_F(RealQemuTest, AnswersAndIsKilledWithItsOwner) {
  pid_t pid = 0;
  {
    RealQemu qemu(QemuOptions({"-S"}));
    pid = qemu.pid();
    EXPECT_TRUE(qemu.alive());
    EXPECT_GT(qemu.open_descriptors(), 4U);
    EXPECT_EQ(qemu.qmp("query-status")["status"].string(), "prelaunch");
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(RealQemuTest, SaysInQemusWordsWhyItDoesNotStart) {
  try {
    RealQemu qemu(QemuOptions({"-device", "no-such-device"}));
    FAIL() << "it started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no-such-device"), std::string::npos) << error.what();
  }
}

TEST_F(RealQemuTest, KnowsWhenItDied) {
  RealQemu qemu(QemuOptions({"-S"}));
  qemu.send_signal(SIGKILL);
  qemu.wait_until_ended();
  EXPECT_FALSE(qemu.alive());
}

TEST_F(RealQemuTest, RunsAsAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  QemuOptions options({"-S"});
  options.as_nobody = true;
  RealQemu qemu(options);
  EXPECT_TRUE(qemu.alive());
  struct stat info {};
  ASSERT_EQ(::stat(("/proc/" + std::to_string(qemu.pid())).c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 65534U);
}

TEST_F(RealQemuTest, TheColoursAreThoseItSays) {
  QemuOptions options;
  options.guest = Guest::colours;
  RealQemu qemu(options);
  const auto ppm = qemu.ppm();
  const ImageView view = encode::parse_ppm(ppm).value();
  EXPECT_EQ(view.width_px, colours_width_px);
  EXPECT_EQ(view.height_px, colours_height_px);
  EXPECT_TRUE(std::ranges::equal(view.pixels, colours_rgb()));
}

TEST_F(RealQemuTest, TheFlipperIsBlackOrWhiteOrTorn) {
  QemuOptions options;
  options.guest = Guest::flipper;
  RealQemu qemu(options);
  for (int i = 0; i < 10; ++i) {
    const auto ppm = qemu.ppm();
    const ImageView view = encode::parse_ppm(ppm).value();
    EXPECT_EQ(view.width_px, 640U);
    EXPECT_EQ(view.height_px, 400U);
    EXPECT_TRUE(std::ranges::all_of(view.pixels, [](std::byte value) {
      return value == std::byte{0} || value == std::byte{255};
    }));
  }
}

}  // namespace
}  // namespace qmpshot::test
