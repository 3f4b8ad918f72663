// SPDX-License-Identifier: MIT
// One VM of a kind, played by the fake or by a real QEMU. What a case sees of it is the same.
#pragma once

#include "qmp/message.h"
#include "tests/fake/fake_qemu.h"
#include "tests/support/real_qemu.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace qmpshot::test {

// Who plays.
enum class Player { fake_5_2, fake_7_2, fake_10_0, fake_11_1, real };
std::string name(Player player);
void PrintTo(Player player, std::ostream* out);

// What kind of VM. All stand still unless said otherwise, so that two frames are the same.
enum class Hardware {
  drawing,        // the boot sector `colours`, running; QEMU's default consoles besides
  odd_width,      // the boot sector `odd`: 1366 pixels a row
  text_screen,    // what the firmware says, then paused
  not_started,    // -S
  no_display,     // -nodefaults -vga none
  text_only,      // the same with -chardev vc
  two_displays,   // gpu0 and gpu1, no text console
  two_heads,      // gpu0 with two heads, no text console
  default_texts,  // gpu0, and behind it QEMU's default text consoles; rng0 is no display
  hot_plugged,    // the same, and hot0, a display that came later and stands behind the texts
};

class Machine {
 public:
  virtual ~Machine() = default;

  [[nodiscard]] virtual const std::string& socket() const = 0;
  [[nodiscard]] virtual qmp::Version version() = 0;
  virtual bool alive() = 0;

  // What QEMU itself writes for a display; empty: the first console.
  virtual std::vector<std::byte> ppm(const std::string& device, std::int64_t head) = 0;

  // Descriptors in its sets, and open in its process.
  virtual std::size_t lent_descriptors() = 0;
  virtual std::size_t open_descriptors() = 0;
};

std::unique_ptr<Machine> make_machine(Player player, Hardware hardware);

}  // namespace qmpshot::test
