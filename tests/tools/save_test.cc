// SPDX-License-Identifier: MIT
// A file that is made before its bytes are there. What save() does without one, the program's own
// tests show.
#include "tests/support/bytes.h"
#include "tests/support/temp_folder.h"
#include "tools/qmpshot/output.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace qmpshot::tools {
namespace {

std::span<const std::byte> picture() {
  static constexpr std::string_view text = "picture";
  return std::as_bytes(std::span(text));
}

class SaveTest : public testing::Test {
 protected:
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  void write(const std::string& name, std::string_view text) { std::ofstream(file(name)) << text; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(file(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::ptrdiff_t file_count() const {
    return std::distance(std::filesystem::directory_iterator(folder_.path()), {});
  }

  // None on file systems that have no O_TMPFILE: then there is nothing to test.
  UniqueFd draft(const std::string& name) {
    UniqueFd out = draft_for(file(name));
    if (!out) reason_ = "this file system makes no files without a name";
    return out;
  }

  std::string reason_;

 private:
  test::TempFolder folder_;
};

TEST_F(SaveTest, ADraftIsNothingUntilItIsSaved) {
  {
    const UniqueFd unused = draft("a.png");
    if (!unused) GTEST_SKIP() << reason_;
    EXPECT_EQ(file_count(), 0);
  }
  EXPECT_EQ(file_count(), 0);
  const mode_t mask = ::umask(027);
  UniqueFd used = draft("a.png");
  const Result<void> saved = save(picture(), file("a.png"), std::move(used));
  ::umask(mask);
  ASSERT_TRUE(saved.ok()) << saved.error().message();
  EXPECT_EQ(file_count(), 1);
  EXPECT_EQ(read("a.png"), "picture");
  struct stat info {};
  ASSERT_EQ(::stat(file("a.png").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, mode_t{0640});
}

TEST_F(SaveTest, WhoWasQuickerIsReplaced) {
  UniqueFd used = draft("a.png");
  if (!used) GTEST_SKIP() << reason_;
  write("a.png", "another's");
  ASSERT_TRUE(save(picture(), file("a.png"), std::move(used)).ok());
  EXPECT_EQ(read("a.png"), "picture");
  EXPECT_EQ(file_count(), 1);
}

TEST_F(SaveTest, ADanglingLinkStaysAndItsTargetAppears) {
  std::filesystem::create_directory(file("elsewhere"));
  std::filesystem::create_symlink("elsewhere/target.png", file("link.png"));
  UniqueFd used = draft("link.png");
  if (!used) GTEST_SKIP() << reason_;
  ASSERT_TRUE(save(picture(), file("link.png"), std::move(used)).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(file("link.png")));
  EXPECT_EQ(read("elsewhere/target.png"), "picture");
}

TEST_F(SaveTest, ADraftWhoseFolderWentIsNoFile) {
  std::filesystem::create_directory(file("gone"));
  UniqueFd used = draft("gone/a.png");
  if (!used) GTEST_SKIP() << reason_;
  std::filesystem::remove(file("gone"));
  const Result<void> saved = save(picture(), file("gone/a.png"), std::move(used));
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(name(saved.error().code()), "cannot_write");
}

TEST_F(SaveTest, ThereIsNoDraftOfWhatExistsNorInNoFolder) {
  write("a.png", "old");
  EXPECT_FALSE(draft_for(file("a.png")));
  EXPECT_FALSE(draft_for(file("none/a.png")));
  EXPECT_FALSE(draft_for("/dev/null"));
}

}  // namespace
}  // namespace qmpshot::tools
