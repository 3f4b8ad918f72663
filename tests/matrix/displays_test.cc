// SPDX-License-Identifier: MIT
// Every display of every QEMU: listed as it is, and its picture is QEMU's own.
#include "tests/matrix/vm_case.h"

#include <algorithm>

namespace qmpshot::test {
namespace {

using Words = std::vector<std::string>;

// No default devices: no text console either.
Words only(std::initializer_list<const char*> devices) {
  Words out = {"-nodefaults", "-vga", "none"};
  for (const char* device : devices) out.insert(out.end(), {"-device", device});
  return out;
}

Expected graphic(std::string id, std::string type, std::uint32_t head = 0, bool askable = true) {
  return {DisplayKind::graphic, std::move(id), std::move(type), head, askable};
}

Expected text_console(bool askable = false) {
  return {DisplayKind::text, "", "", 0, askable};
}

class Displays : public VmCase {
 protected:
  // One card whose firmware writes on it.
  void one_card(const std::string& type, Words more = {}) {
    Words words = only({});
    words.insert(words.end(), {"-device", type + ",id=gpu0"});
    words.insert(words.end(), more.begin(), more.end());
    start(words);
    if (IsSkipped()) return;
    expect_displays({graphic("gpu0", type)});
    wait_for_picture();
    expect_all_grabbed();
    expect_qemus_own(request("gpu0"));
    expect_unharmed();
  }

  // The second card has no driver: it shows QEMU's placeholder.
  void expect_placeholder(const std::string& device, std::uint32_t head = 0) {
    const Result<Frame> frame = shoot(request(device, head));
    ASSERT_TRUE(frame.ok()) << frame.error().message();
    EXPECT_TRUE(is_placeholder(frame->content)) << device << " is " << name(frame->content);
  }
};

TEST_F(Displays, Std) {
  one_card("VGA");
}
TEST_F(Displays, Cirrus) {
  one_card("cirrus-vga");
}
TEST_F(Displays, Vmware) {
  one_card("vmware-svga");
}
TEST_F(Displays, Qxl) {
  one_card("qxl-vga");
}
TEST_F(Displays, VirtioVga) {
  one_card("virtio-vga");
}
TEST_F(Displays, Bochs) {
  one_card("bochs-display");
}
TEST_F(Displays, Ramfb) {
  one_card("ramfb");
}
TEST_F(Displays, Ati) {
  one_card("ati-vga");
}
// A PCI machine's firmware does not know it.
TEST_F(Displays, IsaVga) {
  start(only({"isa-vga,id=gpu0"}));
  if (IsSkipped()) return;
  expect_displays({graphic("gpu0", "isa-vga")});
  expect_all_grabbed();
  expect_unharmed();
}
TEST_F(Displays, IsaVgaOfAnIsaPc) {
  one_card("isa-vga", {"-M", "isapc"});
}
TEST_F(Displays, IsaCirrusOfAnIsaPc) {
  one_card("isa-cirrus-vga", {"-M", "isapc"});
}

TEST_F(Displays, VirtioGpuWithoutDriver) {
  start(only({"virtio-gpu-pci,id=gpu0"}));
  if (IsSkipped()) return;
  expect_displays({graphic("gpu0", "virtio-gpu-pci")});
  expect_placeholder("gpu0");
  expect_all_grabbed();
  expect_unharmed();
}

// 5.2 has no surface for an unused head, and says so; later there is a placeholder.
TEST_F(Displays, VirtioGpuWithTwoOutputs) {
  start(only({"virtio-gpu-pci,id=gpu0,max_outputs=2"}));
  if (IsSkipped()) return;
  expect_displays({graphic("gpu0", "virtio-gpu-pci"), graphic("gpu0", "virtio-gpu-pci", 1)});
  expect_qemus_own(request("gpu0", 0));
  if (older_than(6, 0)) {
    const Result<Frame> second = shoot(request("gpu0", 1));
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code(), Errc::refused);
    EXPECT_NE(second.error().message().find("no surface"), std::string::npos);
  } else {
    expect_placeholder("gpu0", 1);
    expect_qemus_own(request("gpu0", 1));
  }
  EXPECT_EQ(shoot(request("gpu0", 2)).error().code(), Errc::refused);
  expect_unharmed();
}

TEST_F(Displays, SecondaryVga) {
  start(only({"VGA,id=gpu0", "secondary-vga,id=gpu1"}));
  if (IsSkipped()) return;
  expect_displays({graphic("gpu0", "VGA"), graphic("gpu1", "secondary-vga")});
  wait_for_picture();
  expect_all_grabbed();
  expect_placeholder("gpu1");
  expect_unharmed();
}

// D6: 5.2 would hang.
TEST_F(Displays, SecondaryQxlWithoutDriver) {
  start(only({"qxl-vga,id=gpu0", "qxl,id=gpu1"}));
  if (IsSkipped()) return;
  const bool askable = !older_than(7, 2);
  expect_displays({graphic("gpu0", "qxl-vga"), graphic("gpu1", "qxl", 0, askable)});
  wait_for_picture();
  expect_all_grabbed();
  if (!askable) {
    EXPECT_EQ(shoot(request("gpu1")).error().code(), Errc::unsupported);
  }
  expect_unharmed();
}

TEST_F(Displays, ThreeCards) {
  start(only({"VGA,id=gpu0", "bochs-display,id=gpu1", "virtio-gpu-pci,id=gpu2,max_outputs=1"}));
  if (IsSkipped()) return;
  expect_displays({graphic("gpu0", "VGA"), graphic("gpu1", "bochs-display"),
                   graphic("gpu2", "virtio-gpu-pci")});
  wait_for_picture();
  expect_all_grabbed();
  expect_unharmed();
}

TEST_F(Displays, ASecondCardWithoutIdCannotBeNamed) {
  start(only({"VGA", "bochs-display"}));
  if (IsSkipped()) return;
  expect_displays({graphic("", "VGA"), graphic("", "bochs-display", 0, false)});
  EXPECT_NE(displays()[1].why_not.find("-device bochs-display,id=NAME"), std::string::npos);
  wait_for_picture();
  expect_all_grabbed();
  expect_unharmed();
}

// What stands in a default machine: the card, and text consoles behind it.
TEST_F(Displays, TheDefaultMachine) {
  start({});
  const std::vector<Display> seen = displays();
  ASSERT_GE(seen.size(), 2U);
  EXPECT_EQ(seen[0].device_type, "VGA");
  EXPECT_EQ(seen[0].device_id, "");
  EXPECT_TRUE(seen[0].can_be_grabbed());
  for (std::size_t i = 1; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].kind, DisplayKind::text);
    EXPECT_FALSE(seen[i].can_be_grabbed());
  }
  wait_for_picture();
  expect_all_grabbed();
  expect_unharmed();
}

TEST_F(Displays, TwoCardsInFrontOfTextConsoles) {
  start({"-vga", "none", "-device", "VGA,id=gpu0", "-device", "bochs-display,id=gpu1"});
  if (IsSkipped()) return;
  const std::vector<Display> seen = displays();
  ASSERT_GE(seen.size(), 3U);
  EXPECT_TRUE(seen[0].can_be_grabbed());
  EXPECT_TRUE(seen[1].can_be_grabbed()) << seen[1].why_not;
  EXPECT_EQ(seen[2].kind, DisplayKind::text);
  wait_for_picture();
  expect_all_grabbed();
  expect_unharmed();
}

TEST_F(Displays, NoCardAndNoTextConsole) {
  start(only({}));
  expect_displays({});
  const Result<Frame> frame = shoot(request());
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code(), Errc::refused);
  EXPECT_NE(frame.error().message().find("There is no console"), std::string::npos);
  EXPECT_EQ(shoot(request("gpu0")).error().code(), Errc::refused);
  expect_unharmed();
}

TEST_F(Displays, NoCardButATextConsole) {
  Words words = only({});
  words.insert(words.end(), {"-chardev", "vc,id=vc0", "-serial", "chardev:vc0"});
  start(words);
  expect_displays({text_console(true)});
  expect_all_grabbed();
  expect_unharmed();
}

TEST_F(Displays, NoCardButSeveralTextConsoles) {
  Words words = only({});
  words.insert(words.end(), {"-chardev", "vc,id=vc0", "-serial", "chardev:vc0", "-chardev",
                             "vc,id=vc1", "-serial", "chardev:vc1"});
  start(words);
  expect_displays({text_console(true), text_console(false)});
  expect_all_grabbed();
  expect_unharmed();
}

class HotPlugged : public Displays {
 protected:
  // A display that this QEMU takes while it runs; empty, and the case skipped, where there is none.
  std::string plug() {
    std::string words;
    for (const char* type : {"virtio-gpu-pci", "bochs-display", "secondary-vga"}) {
      try {
        qemu().qmp("device_add", std::string(R"({"id":"hot0","driver":")") + type + "\"}");
        remember();
        return type;
      } catch (const Error& error) {
        words += std::string(words.empty() ? "" : "; ") + error.what();
      }
    }
    report("no display can be hot-plugged here: " + words);
    return "";
  }

  // What is reached has QEMU's picture; what is not is refused by name. Never is the VM lost.
  void expect_shown_or_refused() {
    const std::string type = plug();
    if (type.empty()) GTEST_SKIP() << "no display can be hot-plugged here";
    const std::vector<Display> seen = displays();
    const auto listed = std::ranges::find(seen, "hot0", &Display::device_id);
    const Result<Frame> frame = shoot(request("hot0"));
    ASSERT_TRUE(qemu().alive()) << qemu().words();
    report("hot-plugged " + type + ": " + (listed == seen.end() ? "not listed" : "listed") + ", " +
           (frame.ok() ? "grabbed" : frame.error().message()));
    if (listed != seen.end()) {
      EXPECT_EQ(frame.ok(), listed->can_be_grabbed());
    }
    if (frame.ok()) {
      expect_qemus_own(request("hot0"));
    } else {
      EXPECT_TRUE(frame.error().code() == Errc::refused ||
                  frame.error().code() == Errc::unsupported);
      EXPECT_NE(frame.error().message().find("hot0"), std::string::npos);
      EXPECT_NE(frame.error().message().find(listed == seen.end() ? "plugged in" : "abort"),
                std::string::npos)
          << frame.error().message();
    }
    expect_unharmed();
  }
};

TEST_F(HotPlugged, WithoutTextConsoles) {
  start(only({"VGA,id=gpu0"}));
  expect_shown_or_refused();
}

TEST_F(HotPlugged, BehindTextConsoles) {
  start({"-vga", "none", "-device", "VGA,id=gpu0"});
  expect_shown_or_refused();
}

TEST_F(HotPlugged, AndUnpluggedAgain) {
  start(only({"VGA,id=gpu0"}));
  if (plug().empty()) GTEST_SKIP() << "no display can be hot-plugged here";
  (void)shoot(request("hot0"));
  (void)qemu().qmp("device_del", R"({"id":"hot0"})");  // done when the guest agrees, if ever
  (void)shoot(request("hot0"));
  EXPECT_TRUE(shoot(request()).ok());
  EXPECT_TRUE(qemu().alive()) << qemu().words();
}

// The window that QEMU was given makes no difference.
class Windows : public Displays {
 protected:
  void with(Words window) {
    Words words = only({"VGA,id=gpu0"});
    words.insert(words.end(), window.begin(), window.end());
    start(words);
    if (IsSkipped()) return;
    expect_displays({graphic("gpu0", "VGA")});
    wait_for_picture();
    expect_all_grabbed();
    expect_unharmed();
  }
};

TEST_F(Windows, None) {
  with({});
}
TEST_F(Windows, VncNone) {
  with({"-vnc", "none"});
}
TEST_F(Windows, EglHeadless) {
  with({"-display", "egl-headless"});
}

}  // namespace
}  // namespace qmpshot::test
