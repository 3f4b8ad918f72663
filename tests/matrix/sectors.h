// SPDX-License-Identifier: MIT
// Boot sectors that do one thing, for the cases about a VM's state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace qmpshot::test {

inline std::string sector(std::initializer_list<unsigned char> code) {
  std::string out(code.begin(), code.end());
  out.resize(510);
  return out + "\x55\xaa";
}

// A black text screen without cursor. Says "R" on the debug port; when Shift is pressed, fills the
// screen with the letter A.
inline std::string sector_that_draws_on_shift() {
  return sector({
      0xb8, 0x03, 0x00, 0xcd, 0x10,                    // int 10h: mode 3, cleared
      0xb4, 0x01, 0xb9, 0x00, 0x20, 0xcd, 0x10,        // int 10h: no cursor
      0xb0, 0x52, 0xe6, 0xe9,                          // 'R' to port 0xe9
      0xfa,                                            // cli: the keyboard is ours
      0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa,              // until port 0x64 has something
      0xe4, 0x60, 0x3c, 0x2a, 0x75, 0xf4,              // until port 0x60 has left Shift's code
      0xb8, 0x00, 0xb8, 0x8e, 0xc0, 0x31, 0xff, 0xfc,  // es:di = b800:0
      0xb8, 0x41, 0x1f, 0xb9, 0xd0, 0x07, 0xf3, 0xab,  // 2000 times 'A', white on blue
      0xf4, 0xeb, 0xfd,                                // for ever
  });
}

// Says "R", then writes `value` to `port`: one byte, or two where it is `wide`.
inline std::string sector_that_writes(std::uint16_t port, std::uint16_t value, bool wide) {
  const auto low = [](std::uint16_t word) { return static_cast<unsigned char>(word & 0xff); };
  const auto high = [](std::uint16_t word) { return static_cast<unsigned char>(word >> 8); };
  return sector({
      0xb0, 0x52, 0xe6, 0xe9,                                      // 'R' to port 0xe9
      0xba, low(port), high(port), 0xb8, low(value), high(value),  // dx, ax
      static_cast<unsigned char>(wide ? 0xef : 0xee),              // out
      0xfa, 0xf4, 0xeb, 0xfd,                                      // for ever
  });
}

// pvpanic's port: the guest says that it panicked (QEMU docs/specs/pvpanic).
inline std::string sector_that_panics() {
  return sector_that_writes(0x505, 1, false);
}

// ACPI's PM1 control, where SeaBIOS puts it: SLP_EN, and as SLP_TYP what QEMU's PIIX4 calls S5, S3.
inline std::string sector_that_powers_off() {
  return sector_that_writes(0x604, 0x2000, true);
}
inline std::string sector_that_suspends() {
  return sector_that_writes(0x604, 0x2400, true);
}

}  // namespace qmpshot::test
