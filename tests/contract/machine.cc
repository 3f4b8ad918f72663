// SPDX-License-Identifier: MIT
#include "tests/contract/machine.h"

#include "encode/png_read.h"
#include "encode/ppm.h"
#include "tests/support/bytes.h"

#include <chrono>
#include <stdexcept>

namespace qmpshot::test {
namespace {

FakeConsole peripheral(const char* id, FakePicture picture, std::int64_t head = 0) {
  return FakeConsole::graphic(std::string("/machine/peripheral/") + id, std::move(picture), head);
}

// A picture of tests/data/frames.
FakePicture collected(const std::string& name) {
  const Image image =
      encode::read_png(read_file(QMPSHOT_TEST_DATA "/frames/" + name + ".png")).value();
  const ImageView& view = image.view();
  return {view.width_px, view.height_px, {view.pixels.begin(), view.pixels.end()}};
}

FakeOptions fake_options(Player player, Hardware hardware) {
  FakeOptions out;
  out.version = player == Player::fake_5_2    ? qmp::Version{5, 2, 0}
                : player == Player::fake_7_2  ? qmp::Version{7, 2, 22}
                : player == Player::fake_10_0 ? qmp::Version{10, 0, 13}
                                              : qmp::Version{11, 1, 3};
  const FakeConsole text = FakeConsole::text();
  switch (hardware) {
    case Hardware::drawing:
      out.consoles[0].frames = {{colours_width_px, colours_height_px, colours_rgb()}};
      break;
    case Hardware::odd_width:
      out.consoles[0].frames = {
          {odd_width_px, odd_height_px, colours_rgb(odd_width_px, odd_height_px)}};
      break;
    case Hardware::text_screen: out.status = "paused"; break;
    case Hardware::not_started:
      out.status = "prelaunch";
      out.consoles[0].frames = {collected("placeholder-not-initialized-640x480")};
      break;
    case Hardware::no_display: out.consoles.clear(); break;
    case Hardware::text_only: out.consoles = {text}; break;
    case Hardware::two_displays:
      out.consoles = {peripheral("gpu0", fake_picture(640, 480)),
                      peripheral("gpu1", fake_picture(640, 480, 1))};
      break;
    case Hardware::two_heads:
      out.consoles = {peripheral("gpu0", fake_picture(640, 480)),
                      peripheral("gpu0", fake_picture(640, 480, 1), 1)};
      break;
    case Hardware::default_texts:
    case Hardware::hot_plugged:
      out.consoles = {peripheral("gpu0", fake_picture(640, 480)), text, text};
      break;
  }
  if (hardware == Hardware::hot_plugged) {
    out.consoles.push_back(peripheral("hot0", fake_picture(640, 480, 1)));
    out.consoles.back().hot_plugged = true;
  }
  if (hardware == Hardware::two_heads && player == Player::fake_5_2) {
    out.consoles.back().frames.clear();
  }
  if (hardware == Hardware::default_texts || hardware == Hardware::hot_plugged)
    out.other_devices = {"rng0"};
  return out;
}

class FakeMachine : public Machine {
 public:
  FakeMachine(Player player, Hardware hardware)
      : options_(fake_options(player, hardware)), qemu_(options_) {}

  [[nodiscard]] const std::string& socket() const override { return qemu_.socket_path(); }
  [[nodiscard]] qmp::Version version() override { return options_.version; }
  bool alive() override { return !qemu_.died(); }

  std::vector<std::byte> ppm(const std::string& device, std::int64_t head) override {
    for (const FakeConsole& console : options_.consoles) {
      if (device.empty() ||
          (console.path == "/machine/peripheral/" + device && console.head == head)) {
        return ppm_file(console.frames.back());
      }
    }
    throw std::out_of_range("no display " + device);
  }

  std::size_t lent_descriptors() override { return qemu_.descriptors(); }
  std::size_t open_descriptors() override { return qemu_.descriptors(); }

 private:
  FakeOptions options_;
  FakeQemu qemu_;
};

QemuOptions real_options(Hardware hardware) {
  QemuOptions out;
  const std::vector<std::string> bare = {"-nodefaults", "-vga", "none"};
  switch (hardware) {
    case Hardware::drawing: out.guest = Guest::colours; return out;
    case Hardware::odd_width:
      out.guest = Guest::odd;
      out.arguments = {"-nodefaults", "-vga", "none", "-device", "bochs-display"};
      return out;
    case Hardware::text_screen: return out;
    case Hardware::not_started: out.arguments = {"-S"}; return out;
    case Hardware::no_display: out.arguments = bare; return out;
    case Hardware::text_only:
      out.arguments = bare;
      out.arguments.insert(out.arguments.end(),
                           {"-chardev", "vc,id=vc0", "-serial", "chardev:vc0"});
      return out;
    case Hardware::two_displays:
      out.arguments = {"-S",      "-nodefaults", "-vga",    "none",
                       "-device", "VGA,id=gpu0", "-device", "bochs-display,id=gpu1"};
      return out;
    case Hardware::two_heads:
      out.arguments = {"-S",   "-nodefaults", "-vga",
                       "none", "-device",     "virtio-vga,id=gpu0,max_outputs=2"};
      return out;
    case Hardware::default_texts:
    case Hardware::hot_plugged:
      out.arguments = {
          "-S", "-vga", "none", "-device", "VGA,id=gpu0", "-device", "virtio-rng-pci,id=rng0"};
      return out;
  }
  return out;
}

class RealMachine : public Machine {
 public:
  explicit RealMachine(Hardware hardware) : qemu_(real_options(hardware)) {
    if (hardware == Hardware::text_screen) wait_for_firmware();
    if (hardware == Hardware::hot_plugged) {
      qemu_.qmp("device_add", R"({"driver":"bochs-display","id":"hot0"})");
    }
  }

  [[nodiscard]] const std::string& socket() const override { return qemu_.socket(); }
  [[nodiscard]] qmp::Version version() override { return qemu_.version(); }
  bool alive() override { return qemu_.alive(); }

  std::vector<std::byte> ppm(const std::string& device, std::int64_t head) override {
    return qemu_.ppm(device, head);
  }

  std::size_t lent_descriptors() override {
    const qmp::Json sets = qemu_.qmp("query-fdsets");
    std::size_t count = 0;
    for (std::size_t i = 0; i < sets.size(); ++i) count += sets[i]["fds"].size();
    return count;
  }
  std::size_t open_descriptors() override { return qemu_.open_descriptors(); }

 private:
  // Until the screen is the firmware's 720x400 text; then the VM stands still.
  void wait_for_firmware() {
    const auto deadline = qmp::Deadline::after(std::chrono::minutes(1));
    while (!deadline.passed()) {
      const auto file = qemu_.ppm();
      if (encode::parse_ppm(file).value().width_px == 720) {
        qemu_.qmp("stop");
        return;
      }
    }
    throw std::runtime_error("the firmware shows no text");
  }

  RealQemu qemu_;
};

}  // namespace

std::string name(Player player) {
  switch (player) {
    case Player::fake_5_2: return "Fake52";
    case Player::fake_7_2: return "Fake72";
    case Player::fake_10_0: return "Fake100";
    case Player::fake_11_1: return "Fake111";
    case Player::real: return "RealQemu";
  }
  return "";
}

void PrintTo(Player player, std::ostream* out) {
  *out << name(player);
}

std::unique_ptr<Machine> make_machine(Player player, Hardware hardware) {
  if (player == Player::real) return std::make_unique<RealMachine>(hardware);
  return std::make_unique<FakeMachine>(player, hardware);
}

}  // namespace qmpshot::test
