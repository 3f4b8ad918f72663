// SPDX-License-Identifier: MIT
// What the cases about the built `qmpshot` share: one VM, the program, and what its picture is.
#pragma once

#include "encode/png_read.h"
#include "encode/ppm.h"
#include "tests/support/bytes.h"
#include "tests/support/real_qemu.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace qmpshot::test {

// The user QEMU and the program run as where they must not be root.
inline constexpr uid_t nobody = 65534;

// A VM whose text screen stands still.
inline QemuOptions text_vm(std::vector<std::string> arguments = {"-nodefaults", "-vga", "std"}) {
  QemuOptions options(std::move(arguments));
  options.guest = Guest::text;
  options.monitors = 2;
  return options;
}

inline std::size_t fdsets(RealQemu& qemu) {
  return qemu.qmp("query-fdsets").size();
}

// How many descriptors QEMU has of memory that a frame of ours was written into.
inline std::size_t frame_descriptors(const RealQemu& qemu) {
  return qemu.memory_descriptors("qmpshot-frame");
}

// SIGSTOP, and waits until every thread stands.
inline void freeze(const RealQemu& qemu) {
  qemu.send_signal(SIGSTOP);
  const auto stands = [](const std::filesystem::directory_entry& task) {
    std::ifstream file(task.path() / "stat");
    std::string stat;
    std::getline(file, stat);
    return stat.find(") T ") != std::string::npos;  // proc(5): "PID (name) state"
  };
  const std::string tasks = "/proc/" + std::to_string(qemu.pid()) + "/task";
  EXPECT_TRUE(eventually(
      [&] { return std::ranges::all_of(std::filesystem::directory_iterator(tasks), stands); }));
}

inline Finished qmpshot(std::vector<std::string> arguments, const ProcessOptions& options = {}) {
  arguments.insert(arguments.begin(), QMPSHOT_PROGRAM);
  return run(std::move(arguments), options);
}

// The VM that most cases use, kept between them while it lives.
class QmpshotCase : public testing::Test {
 protected:
  void SetUp() override {
    QMPSHOT_REQUIRE_QEMU();
    if (shared() && shared()->alive()) return;
    shared() =
        std::make_unique<RealQemu>(text_vm({"-nodefaults", "-vga", "std", "-name", "a test's VM"}));
  }
  void TearDown() override {
    if (!shared()) return;
    EXPECT_TRUE(shared()->alive()) << "the VM died";
    if (!shared()->alive()) return;
    // QEMU frees what a client that gave up has left in its own time.
    EXPECT_TRUE(eventually([] { return fdsets(*shared()) == 0; }));
    EXPECT_EQ(temporary_files(), std::vector<std::string>());
  }
  static void TearDownTestSuite() { shared().reset(); }

  static RealQemu& vm() { return *shared(); }
  [[nodiscard]] const TempFolder& folder() const { return folder_; }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

  // The program on the shared VM, with a TMPDIR of this case.
  Finished shoot(std::vector<std::string> arguments, ProcessOptions options = {}) const {
    arguments.insert(arguments.begin(), {"--socket", vm().socket()});
    options.environment.emplace_back("TMPDIR", temporary_.path());
    return qmpshot(std::move(arguments), options);
  }

  // What is left in the folder of this case, and in its TMPDIR, that the program made for itself.
  [[nodiscard]] std::vector<std::string> temporary_files() const {
    std::vector<std::string> left;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      if (entry.path().filename().string().starts_with(".qmpshot")) left.push_back(entry.path());
    }
    for (const auto& entry : std::filesystem::directory_iterator(temporary_.path())) {
      left.push_back(entry.path());
    }
    return left;
  }

 private:
  static std::unique_ptr<RealQemu>& shared() {
    static std::unique_ptr<RealQemu> vm;
    return vm;
  }

  TempFolder folder_;
  TempFolder temporary_;
};

inline std::vector<std::byte> pixels(const ImageView& view) {
  return {view.pixels.begin(), view.pixels.end()};
}

// Whether the PNG file shows exactly what the PPM file does.
inline testing::AssertionResult same_picture(std::span<const std::byte> png,
                                             std::span<const std::byte> ppm) {
  const Result<Image> shown = encode::read_png(png);
  if (!shown) return testing::AssertionFailure() << shown.error().message();
  const ImageView expected = encode::parse_ppm(ppm).value();
  if (shown->view().width_px != expected.width_px ||
      shown->view().height_px != expected.height_px) {
    return testing::AssertionFailure()
           << "it is " << shown->view().width_px << "x" << shown->view().height_px;
  }
  if (!std::ranges::equal(shown->view().pixels, expected.pixels)) {
    return testing::AssertionFailure() << "pixels differ";
  }
  return testing::AssertionSuccess();
}

inline void write_file(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

// A failure as the contract has it: this status, and one line on stderr that begins with
// "qmpshot: " and says each of `words`.
inline void expect_failure(const Finished& run, int status, const std::vector<std::string>& words) {
  EXPECT_EQ(run.signal, 0);
  EXPECT_EQ(run.status, status) << run.err;
  EXPECT_TRUE(run.err.starts_with("qmpshot: ")) << run.err;
  EXPECT_EQ(std::ranges::count(run.err, '\n'), 1) << run.err;
  for (const std::string& word : words) {
    EXPECT_NE(run.err.find(word), std::string::npos) << "no '" << word << "' in: " << run.err;
  }
}

inline void expect_success(const Finished& run) {
  EXPECT_EQ(run.signal, 0);
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.err, "");
}

}  // namespace qmpshot::test
