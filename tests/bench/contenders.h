// SPDX-License-Identifier: MIT
// Everybody who turns a frame into a file: our own table of encoders, and others' ways to a PNG.
#pragma once

#include <qmpshot/image.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace qmpshot::bench {

using Bytes = std::vector<std::byte>;

struct Contender {
  std::string name;
  std::function<void(const ImageView& image, Bytes& out)> encode;  // into an empty `out`
  std::function<Image(const Bytes& file)> decode;                  // by somebody else's reader
  bool lossless = true;
  bool process = false;  // starts a program: its time holds that too
};

// PNG by libpng as QEMU calls it, 8-bit RGB, all defaults: what everyone is compared with.
Contender libpng_default();

// Each row of our table but "null", and the smallest PNG.
std::vector<Contender> our_encoders();

// Those of libpng's fast settings, libspng, ISA-L, libdeflate and pnmtopng that are installed.
std::vector<Contender> other_encoders();

}  // namespace qmpshot::bench
