// SPDX-License-Identifier: MIT
#include "capture/private_file.h"

#include "tests/support/temp_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace qmpshot::capture {
namespace {

// TMPDIR is a folder of this case.
class PrivateFileCase : public testing::Test {
 protected:
  PrivateFileCase() { ::setenv("TMPDIR", folder_.path().c_str(), 1); }
  ~PrivateFileCase() override { ::unsetenv("TMPDIR"); }

  static struct stat info(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info;
  }

  test::TempFolder folder_;
};

TEST_F(PrivateFileCase, IsForItsUserOnlyAndNothingElseIsSeen) {
  const PrivateFile file = PrivateFile::create(::geteuid()).value();
  EXPECT_TRUE(file.path().starts_with(folder_.path() + "/"));
  EXPECT_EQ(info(file.path()).st_mode & 07777, mode_t{0600});
  const auto parent = std::filesystem::path(file.path()).parent_path();
  EXPECT_EQ(info(parent).st_mode & 07777, mode_t{0700});
}

TEST_F(PrivateFileCase, BelongsToQemuWhereWeAreRootAndItIsNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "giving a file away needs root";
  const PrivateFile file = PrivateFile::create(65534).value();
  EXPECT_EQ(info(file.path()).st_uid, uid_t{65534});
  EXPECT_EQ(info(file.path()).st_mode & 07777, mode_t{0600});
  const auto parent = std::filesystem::path(file.path()).parent_path();
  EXPECT_EQ(info(parent).st_uid, uid_t{0});
  EXPECT_EQ(info(parent).st_mode & 07777, mode_t{0711});
}

TEST_F(PrivateFileCase, IsGoneWithItsObject) {
  { const PrivateFile file = PrivateFile::create(::geteuid()).value(); }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(PrivateFileCase, FolderIsGoneThoughQemuUnlinkedTheFile) {
  {
    const PrivateFile file = PrivateFile::create(::geteuid()).value();
    ASSERT_EQ(::unlink(file.path().c_str()), 0);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(PrivateFileCase, MovedFromObjectRemovesNothing) {
  std::optional<PrivateFile> first = PrivateFile::create(::geteuid()).value();
  const PrivateFile second = std::move(*first);
  first.reset();
  EXPECT_TRUE(std::filesystem::exists(second.path()));
}

TEST_F(PrivateFileCase, DescriptorIsClosedOnExec) {
  const PrivateFile file = PrivateFile::create(::geteuid()).value();
  EXPECT_NE(::fcntl(file.fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(PrivateFileCase, MissingTmpdirIsAnErrorThatNamesIt) {
  ::setenv("TMPDIR", folder_.file("none").c_str(), 1);
  const Result<PrivateFile> file = PrivateFile::create(::geteuid());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code(), Errc::cannot_write);
  EXPECT_NE(file.error().message().find(folder_.file("none")), std::string::npos);
}

// QEMU would look for a relative name in its own working directory.
TEST_F(PrivateFileCase, RelativeTmpdirIsNotUsed) {
  ::setenv("TMPDIR", ".", 1);
  const PrivateFile file = PrivateFile::create(::geteuid()).value();
  EXPECT_TRUE(file.path().starts_with("/tmp/"));
}

}  // namespace
}  // namespace qmpshot::capture
