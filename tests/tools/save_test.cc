// SPDX-License-Identifier: MIT
// How a file gets its name and its mode. What else save() does, the program's own tests show.
#include "tests/support/temp_folder.h"
#include "tools/qmpshot/output.h"

#include <qmpshot/unique_fd.h>

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace qmpshot::tools {
namespace {

std::span<const std::byte> picture() {
  static constexpr std::string_view text = "picture";
  return std::as_bytes(std::span(text));
}

class SaveTest : public testing::Test {
 protected:
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(file(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::ptrdiff_t file_count() const {
    return std::distance(std::filesystem::directory_iterator(folder_.path()), {});
  }

  test::TempFolder folder_;
};

// What is made, written to or moved to in a folder, by its name and in order.
class Changes {
 public:
  explicit Changes(const std::string& folder) : queue_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    constexpr std::uint32_t what = IN_CREATE | IN_MODIFY | IN_MOVED_TO;
    EXPECT_GE(::inotify_add_watch(queue_.get(), folder.c_str(), what), 0);
  }

  [[nodiscard]] std::vector<std::string> take() const {
    std::vector<std::string> names;
    alignas(inotify_event) std::array<char, 4096> events;
    const ssize_t size = ::read(queue_.get(), events.data(), events.size());
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
      names.emplace_back(event->name);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
    return names;
  }

 private:
  UniqueFd queue_;
};

// Whoever watches the folder never sees it half.
TEST_F(SaveTest, AFileHasItsNameWhenItIsWhole) {
  for (const bool is_there : {false, true}) {
    if (is_there) std::ofstream(file("a.png")) << "another's, and longer";
    const Changes seen(folder_.path());
    ASSERT_TRUE(save(picture(), file("a.png")).ok());
    const std::vector<std::string> names = seen.take();
    ASSERT_EQ(names.size(), 3U);
    EXPECT_TRUE(names[0].starts_with(".qmpshot-")) << names[0];  // made
    EXPECT_EQ(names[1], names[0]);                               // written
    EXPECT_EQ(names[2], "a.png");
    EXPECT_EQ(read("a.png"), "picture");
    EXPECT_EQ(file_count(), 1);
  }
}

TEST_F(SaveTest, ANewFileIsAsUmaskSays) {
  for (const mode_t mask : {mode_t{022}, mode_t{027}, mode_t{077}, mode_t{0}}) {
    const mode_t before = ::umask(mask);
    const Result<void> saved = save(picture(), file("a.png"));
    const mode_t kept = ::umask(before);
    ASSERT_TRUE(saved.ok()) << saved.error().message();
    EXPECT_EQ(kept, mask);
    struct stat info {};
    ASSERT_EQ(::stat(file("a.png").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0666 & ~mask);
    std::filesystem::remove(file("a.png"));
  }
}

TEST_F(SaveTest, OfManyAtOnceEachSavesAWholeFile) {
  for (int round = 0; round < 50; ++round) {
    std::vector<pid_t> many;
    for (int i = 0; i < 4; ++i) {
      many.push_back(::fork());
      if (many.back() == 0) ::_exit(save(picture(), file("a.png")).ok() ? 0 : 1);
    }
    for (const pid_t one : many) {
      int status = -1;
      ASSERT_EQ(::waitpid(one, &status, 0), one);
      EXPECT_EQ(status, 0);
    }
    ASSERT_EQ(read("a.png"), "picture");
    ASSERT_EQ(file_count(), 1);
    std::filesystem::remove(file("a.png"));
  }
}

TEST_F(SaveTest, ADanglingLinkStaysAndItsTargetAppears) {
  std::filesystem::create_directory(file("elsewhere"));
  std::filesystem::create_symlink("elsewhere/target.png", file("link.png"));
  ASSERT_TRUE(save(picture(), file("link.png")).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(file("link.png")));
  EXPECT_EQ(read("elsewhere/target.png"), "picture");
}

TEST_F(SaveTest, AFolderThatIsNotThereIsSaidSo) {
  const Result<void> saved = save(picture(), file("none/a.png"));
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(name(saved.error().code()), "cannot_write");
  EXPECT_NE(saved.error().message().find("its folder is not there"), std::string::npos);
}

}  // namespace
}  // namespace qmpshot::tools
