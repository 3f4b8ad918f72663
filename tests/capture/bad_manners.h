// SPDX-License-Identifier: MIT
// What the cases about a QEMU with bad manners share: one that has good ones, to begin with.
#pragma once

#include "tests/fake/fake_qemu.h"
#include "tests/support/temp_folder.h"

#include <qmpshot/camera.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>

namespace qmpshot::capture {

using namespace std::chrono_literals;
using test::FakeConsole;
using test::FakeOptions;
using test::FakeQemu;
using test::Lie;

// The newest, which frees nothing by itself.
inline FakeOptions options() {
  FakeOptions out;
  out.version = {11, 1, 3};
  out.consoles = {FakeConsole::graphic("/machine/peripheral/gpu0", test::fake_picture(64, 48))};
  return out;
}

inline GrabRequest request(std::chrono::milliseconds timeout = 60s,
                           Route route = Route::automatic) {
  GrabRequest out;
  out.timeout = timeout;
  out.route = route;
  return out;
}

inline bool shows(const Frame& frame, const FakeOptions& options, std::size_t number = 0) {
  const test::FakePicture& picture = options.consoles[0].frames[number];
  const ImageView& view = frame.image.view();
  return view.width_px == picture.width_px && view.height_px == picture.height_px &&
         std::ranges::equal(view.pixels, picture.rgb);
}

// TMPDIR is a folder of the test's own, so that a file left behind is seen.
class BadManners : public testing::Test {
 protected:
  BadManners() { ::setenv("TMPDIR", temp_.path().c_str(), 1); }
  ~BadManners() override {
    ::unsetenv("TMPDIR");
    EXPECT_TRUE(std::filesystem::is_empty(temp_.path())) << "a temporary file was left";
  }

  test::TempFolder temp_;
};

}  // namespace qmpshot::capture
