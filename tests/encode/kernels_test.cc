// SPDX-License-Identifier: MIT
#include "encode/kernels.h"

#include "encode/encoder.h"
#include "encode/kernels_convert.h"
#include "tests/support/bytes.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

namespace qmpshot::encode {
namespace {

// The choice is read once per process, so each case runs in a child that says it by its exit
// status; "threadsafe" starts the program again, because an earlier test may have chosen already.
int target_in_a_child_with(const char* value) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto child = [value] {
    if (value != nullptr) setenv("QMPSHOT_CPU", value, 1);
    std::_Exit(static_cast<int>(cpu_target()) + (check_cpu_target().ok() ? 0 : 100));
  };
  int status = -1;
  const auto remember = [&status](int exit_status) {
    status = WEXITSTATUS(exit_status);
    return true;
  };
  EXPECT_EXIT(child(), remember, "");
  return status;
}

TEST(CpuTarget, IsTheBestOneUnlessForced) {
  unsetenv("QMPSHOT_CPU");
  EXPECT_EQ(target_in_a_child_with(nullptr), static_cast<int>(cpu_targets().back()));
  EXPECT_EQ(target_in_a_child_with(""), static_cast<int>(cpu_targets().back()));
}

TEST(CpuTarget, IsTheOneTheEnvironmentNames) {
  for (const CpuTarget target : cpu_targets()) {
    const std::string value(name(target));
    EXPECT_EQ(target_in_a_child_with(value.c_str()), static_cast<int>(target)) << value;
  }
}

TEST(CpuTarget, UnknownNameIsAnErrorAndTheBestRuns) {
  EXPECT_EQ(target_in_a_child_with("avx9"), 100 + static_cast<int>(cpu_targets().back()));
}

TEST(CpuTarget, UnknownNameFailsEveryEncoderWithTheNamesThereAre) {
  setenv("QMPSHOT_CPU", "avx9", 1);
  const auto pixels = test::bytes("abc");
  const auto result = encode(encoders().front(), ImageView{pixels, 1, 1, 3, PixelFormat::rgb24});
  unsetenv("QMPSHOT_CPU");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::bad_argument);
  EXPECT_NE(result.error().message().find("QMPSHOT_CPU=avx9"), std::string::npos);
  EXPECT_NE(result.error().message().find("scalar"), std::string::npos);
}

TEST(CpuTarget, EachHasKernelsOfItsOwn) {
  std::set<const ConvertKernels*> tables;
  for (const CpuTarget target : cpu_targets()) tables.insert(&convert_kernels(target));
  EXPECT_EQ(tables.size(), cpu_targets().size());
}

TEST(CpuTarget, CanBeChangedToEveryOneThatRuns) {
  const CpuTarget before = cpu_target();
  for (const CpuTarget target : cpu_targets()) {
    use_cpu_target(target).value();
    EXPECT_EQ(cpu_target(), target);
    EXPECT_EQ(&convert_kernels(), &convert_kernels(target));
  }
  use_cpu_target(before).value();
  EXPECT_EQ(use_cpu_target(static_cast<CpuTarget>(77)).error().code(), Errc::bad_argument);
}

}  // namespace
}  // namespace qmpshot::encode
