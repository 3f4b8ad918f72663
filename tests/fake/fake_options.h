// SPDX-License-Identifier: MIT
// What kind of QEMU the fake plays, and how badly it behaves.
#pragma once

#include "qmp/message.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace qmpshot::test {

// What stands on a console: rgb24 rows, top to bottom.
struct FakePicture {
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  std::vector<std::byte> rgb;
};

// A picture whose pixels depend on all three numbers.
FakePicture fake_picture(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t seed = 0);

// The file QEMU writes for it.
std::vector<std::byte> ppm_file(const FakePicture& picture);

struct FakeConsole {
  static FakeConsole graphic(std::string path, FakePicture picture, std::int64_t head = 0);
  static FakeConsole text();

  bool is_text = false;
  std::string path;          // the device's, such as "/machine/peripheral/gpu0"
  std::string type = "VGA";  // the device's
  std::int64_t head = 0;
  bool hot_plugged = false;         // before 11 QOM does not list it
  std::vector<FakePicture> frames;  // shown one after another; the last one stays; none: no surface
};

struct FakeError {
  std::string error_class;
  std::string description;
};

// What a dump holds instead of the picture. QEMU says {} all the same.
enum class Lie {
  none,
  short_body,      // the header promises twice the rows
  trailing_bytes,  // something follows the last pixel
  huge_header,     // "P6\n16384 16384\n255\n" and a few pixels
  no_picture,      // text
  nothing,         // not a byte
  endless,         // 64 MiB behind the picture
  packed,          // no lie: rows are not padded
};

// Another client of the VM, or the VM itself: it enters this state just before `command` is
// executed for the `time`th time, with the event that goes with it.
struct FakeTurn {
  FakeTurn(std::string at, std::size_t how_often, std::string state)
      : command(std::move(at)), time(how_often), status(std::move(state)) {}

  std::string command;
  std::size_t time = 1;
  std::string status;  // "running", "paused", "io-error", ...
};

// A word for the moment before any command: silent_at, close_at and cut_at take it.
inline constexpr auto at_greeting = "greeting";

struct FakeOptions {
  qmp::Version version{7, 2, 22};
  std::vector<std::string> stale;  // lines that follow the greeting: replies to a client before
  std::string package = "fake";
  std::string status = "running";  // query-status; "running" is the only one that runs
  std::vector<FakeTurn> turns;     // how that changes

  // In QEMU's order. The default is a plain machine's: VGA, then parallel0 and its like as text.
  std::vector<FakeConsole> consoles = {
      FakeConsole::graphic("/machine/unattached/device[2]", fake_picture(720, 400)),
      FakeConsole::text(), FakeConsole::text()};
  std::vector<std::string> other_devices;  // ids that exist and are no display

  bool swaps_png_colours = false;  // as 7.1 to 8.0 did before they were patched
  Lie lie = Lie::none;
  std::chrono::milliseconds dawdles{0};  // in the middle of a frame it writes
  bool fails_behind_it = false;  // writes a whole frame into a passed descriptor, and refuses

  // Manners of speech.
  bool crlf = true;
  std::size_t piece_bytes = 0;      // 0: whole; else so many bytes a write
  bool chats = false;               // an event before each reply
  std::size_t long_line_bytes = 0;  // an event of that size before each reply
  std::string greeting_line;        // said instead of the greeting

  // Bad manners, at a command's name or at_greeting. What the command does, it does before
  // close_at, cut_at and die_at, and not at all before release() at silent_at.
  std::string silent_at;  // like a busy main loop: reads nothing and says nothing until release()
  std::string close_at;   // closes the connection instead of answering
  std::string cut_at;     // closes in the middle of the answer
  std::string die_at;     // QEMU dies instead of answering

  std::map<std::string, FakeError> refuses;    // by command; before it does anything
  std::map<std::string, std::string> answers;  // by command: a JSON text, for what we do not play
  std::int64_t first_thread = 0;               // query-cpus-fast; 0: another one for each fake
};

}  // namespace qmpshot::test
