// SPDX-License-Identifier: MIT
#include "capture/unix_sockets.h"

#include <gtest/gtest.h>

namespace qmpshot::capture {
namespace {

TEST(UnixSockets, ReadsTheKernelsTable) {
  const auto sockets = parse_unix_sockets(
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "00000000926f49b3: 00000002 00000000 00010000 0001 01 189121 vm.sock\n"
      "00000000496b7208: 00000003 00000000 00000000 0001 03  1058\n"
      "0000000018a072d9: 00000003 00000000 00000000 0001 02     0 /run/q.sock\n"
      "00000000c8ed1241: 00000003 00000000 00000000 0001 03 251293 /run/with  blanks \n"
      "00000000c8ed1242: 00000002 00000000 00010000 0001 01 4294967296 @abstract\n");
  ASSERT_EQ(sockets.size(), 4U);
  EXPECT_EQ(sockets[0].path, "vm.sock");
  EXPECT_EQ(sockets[0].inode, 189121U);
  EXPECT_FALSE(sockets[0].connected);
  EXPECT_EQ(sockets[1].inode, 0U) << "not accepted yet";
  EXPECT_FALSE(sockets[1].connected);
  EXPECT_EQ(sockets[2].path, "/run/with  blanks ");
  EXPECT_TRUE(sockets[2].connected);
  EXPECT_EQ(sockets[3].path, "@abstract");
  EXPECT_EQ(sockets[3].inode, 4294967296U);
}

TEST(UnixSockets, PassesOverWhatIsNoSocket) {
  for (const char* text : {"", "\n", "\n\n", "a b c", "a b c d e 03", "a b c d e 03 x /p",
                           "a b c d e 03 -1 /p", "a b c d e 03 7", "a b c d e 03 7 "}) {
    EXPECT_TRUE(parse_unix_sockets(text).empty()) << text;
  }
}

TEST(UnixSockets, ReadsADescriptorsLink) {
  EXPECT_EQ(socket_inode("socket:[251293]"), 251293U);
  for (const char* link : {"", "socket:[]", "socket:[x]", "pipe:[1]", "/dev/null", "socket:[1"}) {
    EXPECT_EQ(socket_inode(link), 0U) << link;
  }
}

}  // namespace
}  // namespace qmpshot::capture
