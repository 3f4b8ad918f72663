// SPDX-License-Identifier: MIT
// A frame taken with --freeze is the screen at one moment; how many are that without it is told.
#include "tests/matrix/vm_case.h"

#include <algorithm>
#include <string>
#include <thread>

namespace qmpshot::test {
namespace {

// The guest writes its 320x200 pixels in order, all black, all white, all black, ... So at any one
// moment the first ones have the new colour and the others the old one: in the order of writing the
// colour changes once at most, and the two rows that show one guest row are equal. What looks
// otherwise was put together from several moments.
struct Seen {
  int changes = 0;
  bool rows_agree = true;

  [[nodiscard]] bool one_moment() const { return changes <= 1 && rows_agree; }
};

Seen look_at(const ImageView& view) {
  Seen seen;
  std::byte last = view.row(0)[0];
  for (std::uint32_t y = 0; y < view.height_px; y += 2) {
    const auto row = view.row(y);
    seen.rows_agree &= std::ranges::equal(row, view.row(y + 1));
    for (std::uint32_t x = 0; x < view.width_px; ++x) {
      const std::byte here = row[std::size_t{x} * 3];
      seen.changes += here != last ? 1 : 0;
      last = here;
    }
  }
  return seen;
}

struct Counts {
  int torn = 0;
  int of_both_colours = 0;
  int failed = 0;
};

constexpr int frames = 150;

Counts grab_many(const std::string& socket, GrabRequest what) {
  Counts out;
  Camera camera = Camera::open(socket, case_patience).value();
  for (int i = 0; i < frames; ++i) {
    const Result<Frame> frame = camera.grab(what);
    const bool is_whole =
        frame.ok() && frame->image.view().width_px == 640 && frame->image.view().height_px == 400;
    if (!is_whole) {
      ++out.failed;
      continue;
    }
    const Seen seen = look_at(frame->image.view());
    out.torn += seen.one_moment() ? 0 : 1;
    out.of_both_colours += seen.changes > 0 ? 1 : 0;
  }
  return out;
}

class Tearing : public VmCase {
 protected:
  void start_flipper(std::size_t monitors) {
    QemuOptions options;
    options.guest = Guest::flipper;
    options.monitors = monitors;
    start({}, options);
  }
};

TEST_F(Tearing, AFrozenFrameIsOfOneMoment) {
  start_flipper(1);
  for (const bool freeze : {false, true}) {
    GrabRequest what = request();
    what.freeze = freeze;
    const Counts seen = grab_many(qemu().socket(), what);
    EXPECT_EQ(seen.failed, 0);
    report(std::string("tearing, ") + (freeze ? "with" : "without") +
           " --freeze: " + std::to_string(seen.torn) + " of " + std::to_string(frames) +
           " frames of more than one moment; " + std::to_string(seen.of_both_colours) +
           " show both colours");
    if (freeze) {
      EXPECT_EQ(seen.torn, 0);
    }
  }
  expect_unharmed();
}

TEST_F(Tearing, FramesOfTwoAtOnceAreOfOneMomentEach) {
  start_flipper(2);
  GrabRequest what = request();
  what.freeze = true;
  Counts other;
  std::thread at_once([&] { other = grab_many(qemu().socket(1), what); });
  const Counts one = grab_many(qemu().socket(0), what);
  at_once.join();
  EXPECT_EQ(one.failed + other.failed, 0);
  EXPECT_EQ(one.torn + other.torn, 0);
  EXPECT_EQ(status(), "running");
  report("tearing, two at once with --freeze: " + std::to_string(one.torn + other.torn) + " of " +
         std::to_string(2 * frames) + " frames of more than one moment");
  expect_unharmed();
}

}  // namespace
}  // namespace qmpshot::test
