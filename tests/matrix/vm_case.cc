// SPDX-License-Identifier: MIT
#include "tests/matrix/vm_case.h"

#include "encode/compare.h"
#include "encode/content.h"
#include "encode/ppm.h"
#include "tests/support/await.h"
#include "tests/support/bytes.h"
#include "tests/support/subprocess.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <utility>

namespace qmpshot::test {
namespace {

// How QEMU says that it was built without something, 5.2 to 11.1.
constexpr std::array absent = {
    "is not a valid device model name",
    "not available",
    "unsupported machine type",
    "nsupported machine type",
    "does not accept",
    "invalid option",
    "no drm render node",
    "egl:",
    "egl-headless",
    "render node",
    "There is no option",
};

bool says_absent(const std::string& words) {
  for (const char* phrase : absent) {
    if (words.find(phrase) != std::string::npos) return true;
  }
  return false;
}

std::string of(const DisplayChoice& choice) {
  return choice.is_first_console() ? "the first console"
                                   : choice.device_id + " head " + std::to_string(choice.head);
}

}  // namespace

bool becomes(const std::function<bool()>& what) {
  const auto deadline = std::chrono::steady_clock::now() + case_patience;
  while (!what()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::chrono::microseconds usual_time(const std::vector<std::string>& command) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(command).status, 0);
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               begin) /
         3;
}

void report(const std::string& line) {
  std::printf("[ REPORT   ] %s\n", line.c_str());
  std::fflush(stdout);
}

RawMonitor::RawMonitor(const std::string& socket, std::chrono::milliseconds timeout)
    : client_(run(io_, qmp::Client::connect(socket, qmp::Deadline::after(timeout))).value()) {
  run(io_, client_.handshake(qmp::Deadline::after(timeout))).value();
}

Result<qmp::Json> RawMonitor::execute(const std::string& command, const std::string& arguments,
                                      int fd, std::chrono::milliseconds timeout) {
  std::vector<qmp::Command> commands;
  commands.emplace_back(command, arguments);
  auto replies =
      run(io_, client_.execute_all(std::move(commands), fd, qmp::Deadline::after(timeout)));
  if (!replies) return replies.error();
  return std::move(replies->front());
}

void RawMonitor::send_and_forget(const std::vector<std::pair<std::string, std::string>>& commands) {
  std::vector<qmp::Command> all;
  for (const auto& [name, arguments] : commands) all.emplace_back(name, arguments);
  const auto now = qmp::Deadline::after(std::chrono::milliseconds(1));
  (void)run(io_, client_.execute_all(std::move(all), -1, now));
}

StartedBy::StartedBy(const std::string& last_line) : before_(RealQemu::binary()) {
  const std::string script = folder_.file("qemu");
  std::ofstream(script) << "#!/bin/sh\nQEMU='" << before_ << "'\n" << last_line << "\n";
  ::chmod(script.c_str(), 0755);
  ::chmod(folder_.path().c_str(), 0755);
  ::setenv("QMPSHOT_QEMU", script.c_str(), 1);
}

StartedBy::~StartedBy() {
  ::setenv("QMPSHOT_QEMU", before_.c_str(), 1);
}

Environment::Environment(std::string name, const std::string& value) : name_(std::move(name)) {
  if (const char* is = std::getenv(name_.c_str())) before_ = is;
  ::setenv(name_.c_str(), value.c_str(), 1);
}

Environment::~Environment() {
  if (before_) {
    ::setenv(name_.c_str(), before_->c_str(), 1);
  } else {
    ::unsetenv(name_.c_str());
  }
}

void VmCase::SetUp() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);  // some of these QEMUs abort, as is expected
  QMPSHOT_REQUIRE_QEMU();
}

void VmCase::start(std::vector<std::string> arguments, QemuOptions options) {
  options.arguments = {"-m", "32M"};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.monitors = 2;
  try {
    qemu_ = std::make_unique<RealQemu>(options);
  } catch (const std::runtime_error& error) {
    const std::string words = error.what();
    if (!says_absent(words)) throw;
    GTEST_SKIP() << "this QEMU does not have it: "
                 << words.substr(0, words.find_last_not_of('\n') + 1);
  }
  remember();
}

void VmCase::start_with_sector(const std::string& sector, std::vector<std::string> arguments) {
  std::ofstream(folder_.file("sector"), std::ios::binary) << sector;
  const std::string said = folder_.file("said");
  arguments.insert(
      arguments.end(),
      {"-boot", "a", "-drive", "if=floppy,format=raw,readonly=on,file=" + folder_.file("sector"),
       "-debugcon", "file:" + said});
  start(std::move(arguments));
  if (IsSkipped()) return;
  // The firmware may have said something before.
  ASSERT_TRUE(becomes([&] { return text(read_file(said)).ends_with('R'); }));
}

void VmCase::remember() {
  lent_ = lent_descriptors();
  open_ = qemu().open_descriptors();
  status_ = status();
}

void VmCase::let_no_file_grow() {
  const rlimit small{500, 500};
  ASSERT_EQ(::prlimit(qemu().pid(), RLIMIT_FSIZE, &small, nullptr), 0);
}

std::string VmCase::status() {
  return std::string(qemu().qmp("query-status")["status"].string().value_or("?"));
}

std::size_t VmCase::lent_descriptors() {
  qmp::Json sets;
  try {
    sets = qemu().qmp("query-fdsets");
  } catch (const Error& error) {
    if (error.code() != Errc::refused) throw;  // with -preconfig
  }
  std::size_t count = 0;
  for (std::size_t i = 0; i < sets.size(); ++i) count += sets[i]["fds"].size();
  return count;
}

bool VmCase::keeps_descriptors() {
  return older_than(10, 0) && status() != "running";
}

Content VmCase::content() {
  const std::vector<std::byte> file = qemu().ppm();
  return encode::classify(encode::parse_ppm(file).value());
}

void VmCase::wait_for_picture() {
  ASSERT_TRUE(becomes([this] { return content() == Content::picture; })) << "it draws nothing";
}

GrabRequest VmCase::request(const std::string& device, std::uint32_t head, Route route) {
  GrabRequest out;
  out.display = DisplayChoice(device, head);
  out.route = route;
  out.timeout = case_patience;
  return out;
}

std::vector<Display> VmCase::displays() {
  return Camera::open(qemu().socket(), case_patience).value().displays(case_patience).value();
}

void VmCase::expect_displays(const std::vector<Expected>& expected) {
  const std::vector<Display> seen = displays();
  ASSERT_EQ(seen.size(), expected.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    SCOPED_TRACE("display " + std::to_string(i));
    EXPECT_EQ(seen[i].index, i);
    EXPECT_EQ(seen[i].kind, expected[i].kind);
    EXPECT_EQ(seen[i].device_id, expected[i].id);
    EXPECT_EQ(seen[i].device_type, expected[i].type);
    EXPECT_EQ(seen[i].head, expected[i].head);
    EXPECT_EQ(seen[i].can_be_grabbed(), expected[i].askable) << seen[i].why_not;
  }
}

void VmCase::expect_qemus_own(const GrabRequest& what) {
  SCOPED_TRACE(of(what.display) + " by route " + std::string(name(what.route)));
  const std::string& device = what.display.device_id;
  for (int attempt = 0; attempt < 200; ++attempt) {
    const std::vector<std::byte> before = qemu().ppm(device, what.display.head);
    const Result<Frame> shot = shoot(what);
    ASSERT_TRUE(shot.ok()) << shot.error().message();
    Result<Frame> grabbed = Camera::open(qemu().socket(), case_patience).value().grab(what);
    ASSERT_TRUE(grabbed.ok()) << grabbed.error().message();
    const std::vector<std::byte> after = qemu().ppm(device, what.display.head);
    if (before != after) continue;
    const ImageView own = encode::parse_ppm(after).value();
    // A cursor may have blinked in between: then once more.
    if (!encode::equal(shot->image.view(), own)) continue;
    if (!encode::equal(grabbed->image.view(), own)) continue;
    EXPECT_EQ(shot->content, encode::classify(own));
    return;
  }
  FAIL() << "never like QEMU's own, or the screen never stands still";
}

void VmCase::expect_all_grabbed() {
  for (const Display& display : displays()) {
    if (!display.can_be_grabbed()) continue;
    const std::string device = display.index == 0 ? "" : display.device_id;
    const bool would_keep = keeps_descriptors();
    expect_qemus_own(request(device, display.head));
    for (const Route route : {Route::fd, Route::ppm_file, Route::png_file}) {
      if (route == Route::png_file && older_than(7, 1)) continue;
      if (route == Route::fd && would_keep) continue;
      expect_qemus_own(request(device, display.head, route));
    }
  }
}

void VmCase::expect_unharmed() {
  ASSERT_TRUE(qemu().alive()) << qemu().words();
  EXPECT_EQ(status(), status_);
  const std::size_t more = keeps_descriptors() ? 1 : 0;
  const auto as_before = [&] {
    return lent_descriptors() <= lent_ + more && qemu().open_descriptors() <= open_ + more;
  };
  // QEMU closes what a client leaves behind in its own time.
  EXPECT_TRUE(becomes(as_before)) << lent_descriptors() << " descriptors lent, " << lent_
                                  << " before; " << qemu().open_descriptors() << " open, " << open_
                                  << " before";
  for (const std::size_t monitor : {0U, 1U}) {
    const auto camera = Camera::open(qemu().socket(monitor), case_patience);
    EXPECT_TRUE(camera.ok()) << "monitor " << monitor << ": " << camera.error().message();
  }
}

}  // namespace qmpshot::test
