// SPDX-License-Identifier: MIT
#include "capture/command_line.h"

#include <gtest/gtest.h>

#include <sstream>

namespace qmpshot::capture {
namespace {

using Words = std::vector<std::string>;

Words words(const std::string& text) {
  std::istringstream in(text);
  Words out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

CommandLine parse(const std::string& text) {
  return parse_command_line(words(text));
}

Words paths(const std::string& text) {
  Words out;
  for (const MonitorSocket& socket : parse(text).monitors) {
    out.push_back(socket.fd >= 0 ? "fd " + std::to_string(socket.fd) : socket.path);
  }
  return out;
}

TEST(CommandLine, WordsEndWithNul) {
  using namespace std::string_view_literals;
  EXPECT_EQ(split_words("qemu\0-name\0\0-S\0"sv), (Words{"qemu", "-name", "", "-S"}));
  EXPECT_EQ(split_words("qemu"sv), (Words{"qemu"})) << "cut off by the kernel";
  EXPECT_TRUE(split_words("").empty());
}

TEST(CommandLine, KnowsProgramsThatRunMachines) {
  for (const char* program :
       {"qemu-system-x86_64", "/usr/bin/qemu-system-aarch64", "/usr/libexec/qemu-kvm", "kvm",
        "/usr/bin/kvm", "/usr/bin/qemu-system-x86_64 (deleted)", "/usr/libexec/qemu-kvm (deleted)",
        "/nix/store/x/bin/.qemu-system-x86_64-wrapped"}) {
    EXPECT_TRUE(is_qemu(program)) << program;
  }
  for (const char* program : {"", "sh", "qemu-img", "qemu-storage-daemon", "qemu-ga", "qemu-x86_64",
                              "kvm_stat", "/home/qemu-system-x86_64/bin/sh", "[kvm]"}) {
    EXPECT_FALSE(is_qemu(program)) << program;
  }
}

TEST(CommandLine, TheProgramMayStandBehindTheDynamicLinker) {
  EXPECT_EQ(program_word(words("qemu-system-x86_64 -S")), 0U);
  EXPECT_EQ(program_word(words("/lib64/ld-linux-x86-64.so.2 --inhibit-cache --library-path /a:/b "
                               "--argv0 x /usr/bin/qemu-system-x86_64 -S")),
            6U);
  EXPECT_EQ(program_word(words("/lib/x86_64-linux-gnu/ld-2.31.so ./kvm")), 1U);
  EXPECT_EQ(program_word(words("ld.so --library-path")), 2U) << "nothing is behind it";
  EXPECT_EQ(program_word({}), 0U);
}

TEST(CommandLine, ReadsNameAndUuid) {
  EXPECT_EQ(parse("-name web").name, "web");
  EXPECT_EQ(parse("-name guest=web,debug-threads=on").name, "web");
  EXPECT_EQ(parse("--name web,process=qemu:web").name, "web");
  EXPECT_EQ(parse("-name a,,b").name, "a,b");
  EXPECT_EQ(parse("-name debug-threads=on").name, "");
  EXPECT_EQ(parse("-name a -name b").name, "b");
  EXPECT_EQ(parse("-uuid 6c1ad7d1-38ae-4b9d-9e39-6c6b53b2f8de").uuid,
            "6c1ad7d1-38ae-4b9d-9e39-6c6b53b2f8de");
}

TEST(CommandLine, ReadsEveryWayToGiveAMonitor) {
  const Words one{"/run/q"};
  for (const char* text : {
           "-qmp unix:/run/q,server=on,wait=off",
           "--qmp unix:/run/q,server,nowait",
           "-qmp-pretty unix:/run/q,wait=off,server=yes",
           "-qmp unix:path=/run/q,server",
           "-chardev socket,id=m,path=/run/q,server=on,wait=off -mon chardev=m,mode=control",
           "-mon m,mode=control,pretty=on -chardev socket,path=/run/q,id=m,server",
           "-chardev backend=socket,id=m,path=/run/q,server=on -qmp chardev:m",
           R"(-mon m,mode=control -chardev {"id":"m","backend":{"type":"socket","data":)"
           R"({"addr":{"type":"unix","data":{"path":"/run/q"}},"server":true,"wait":false}}})",
       }) {
    EXPECT_EQ(paths(text), one) << text;
  }
}

TEST(CommandLine, KeepsTheOrderOfSeveralMonitors) {
  EXPECT_EQ(paths("-qmp unix:a,server -S -mon m,mode=control disk.img -qmp unix:b,server "
                  "-chardev socket,id=m,path=c,server=on"),
            (Words{"a", "c", "b"}));
}

TEST(CommandLine, ADoubledCommaIsOne) {
  EXPECT_EQ(paths("-qmp unix:/run/a,,b,,,server=on"), (Words{"/run/a,b,"}));
  EXPECT_EQ(paths("-chardev socket,path=/run/,,x,id=a,,b,server=on -mon a,,b,mode=control"),
            (Words{"/run/,x"}));
}

TEST(CommandLine, APassedDescriptorHasANumber) {
  EXPECT_EQ(paths("-chardev socket,id=charmonitor,fd=32,server=on,wait=off "
                  "-mon chardev=charmonitor,id=monitor,mode=control"),
            (Words{"fd 32"}));
  EXPECT_EQ(paths("-chardev socket,id=m,fd=name,server=on -mon m,mode=control"), Words{});
}

TEST(CommandLine, WhatCannotBeConnectedToIsNoMonitor) {
  for (const char* text : {
           "-monitor unix:/run/hmp,server=on",                           // for people
           "-chardev socket,id=m,path=/run/q,server=on -mon chardev=m",  // too
           "-chardev socket,id=m,path=/run/q,server=on -mon m,mode=readline",
           "-chardev socket,id=ga,path=/run/ga,server=on",  // no monitor
           "-qmp unix:/run/q",                              // QEMU connects
           "-qmp unix:/run/q,noserver",
           "-qmp unix:/run/q,server=off",
           "-qmp unix:q,server=on,abstract=on",
           "-qmp tcp:localhost:4444,server=on,wait=off",
           "-qmp stdio",
           "-qmp",
           "-mon nosuch,mode=control",
           "-mon m,mode=control -chardev {\"id\":",
           "-mon m,mode=control -chardev {}",
           "-qmp unix:,server=on",
       }) {
    EXPECT_EQ(paths(text), Words{}) << text;
  }
}

TEST(CommandLine, AnArgumentThatLooksLikeAnOptionIsNone) {
  EXPECT_EQ(paths("-append -qmp unix:/run/q,server=on"), Words{});
  EXPECT_EQ(parse("-name -S -uuid x").name, "-S");
  EXPECT_EQ(paths("-S -qmp unix:/run/q,server=on -nodefaults"), (Words{"/run/q"}));
}

TEST(CommandLine, ReadsLibvirtsWords) {
  const CommandLine line = parse(
      "-name guest=fedora,debug-threads=on -S -object {\"qom-type\":\"secret\"} -machine "
      "pc-q35-7.2,usb=off -uuid b3b9f5d4-6f1e-4d1a-9b25-1f3d9d1f2a11 -no-user-config -nodefaults "
      "-chardev socket,id=charmonitor,fd=22,server=on,wait=off -mon "
      "chardev=charmonitor,id=monitor,mode=control -rtc base=utc -no-shutdown -chardev "
      "socket,id=charchannel0,fd=20,server=on,wait=off");
  EXPECT_EQ(line.name, "fedora");
  EXPECT_EQ(line.uuid, "b3b9f5d4-6f1e-4d1a-9b25-1f3d9d1f2a11");
  ASSERT_EQ(line.monitors.size(), 1U);
  EXPECT_EQ(line.monitors[0].fd, 22);
}

}  // namespace
}  // namespace qmpshot::capture
