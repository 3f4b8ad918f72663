// SPDX-License-Identifier: MIT
// That a QEMU of each version, however it was started, is found on its host and grabbed by name.
#include "encode/compare.h"
#include "encode/ppm.h"
#include "tests/matrix/vm_case.h"
#include "tests/support/bytes.h"
#include "tests/support/host_vms.h"
#include "tests/support/subprocess.h"

#include <unistd.h>

namespace qmpshot::test {
namespace {

class OnItsHost : public VmCase {
 protected:
  static std::string own_name() { return "matrix-vm," + std::to_string(::getpid()); }

  void start_with_name() {
    const std::string doubled = "matrix-vm,," + std::to_string(::getpid());  // as QEMU wants it
    start({"-S", "-name", "guest=" + doubled + ",debug-threads=on"});
  }

  static qmp::Json listed(pid_t pid) {
    const Finished list = run({QMPSHOT_PROGRAM, "vms", "--json"});
    EXPECT_EQ(list.status, 0) << list.err;
    const qmp::Json all = qmp::Json::parse(list.out).value();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i]["pid"].integer() == pid) return all[i];
    }
    return {};
  }

 private:
  HostVms alone_;
};

TEST_F(OnItsHost, IsListedWithTheStateOfItsMonitors) {
  start_with_name();
  if (IsSkipped()) return;
  const RawMonitor client(qemu().socket(0));
  const qmp::Json own = listed(qemu().pid());
  ASSERT_TRUE(own.is_object()) << "not listed";
  EXPECT_EQ(own["name"].string(), own_name());
  EXPECT_NE(own["binary"].string().value_or("").find("qemu-system-"), std::string::npos);
  ASSERT_EQ(own["monitors"].size(), 2U);
  EXPECT_EQ(own["monitors"][0]["path"].string(), qemu().socket(0));
  EXPECT_EQ(own["monitors"][0]["state"].string(), "busy");
  EXPECT_EQ(own["monitors"][1]["path"].string(), qemu().socket(1));
  EXPECT_EQ(own["monitors"][1]["state"].string(), "free");
}

TEST_F(OnItsHost, IsGrabbedByItsName) {
  start_with_name();
  if (IsSkipped()) return;
  {
    const RawMonitor client(qemu().socket(0));
    const std::string file = qemu().file("by-name.ppm");
    const Finished shot = run({QMPSHOT_PROGRAM, "--vm", own_name(), "-o", file});
    EXPECT_EQ(shot.status, 0) << shot.err;
    const std::vector<std::byte> got = read_file(file);
    const std::vector<std::byte> own = qemu().ppm();
    const auto view = encode::parse_ppm(got);
    ASSERT_TRUE(view.ok()) << view.error().message();
    EXPECT_TRUE(encode::equal(*view, encode::parse_ppm(own).value()));
  }
  expect_unharmed();
}

}  // namespace
}  // namespace qmpshot::test
