// SPDX-License-Identifier: MIT
// The displays of a virtual machine, and how to name one.
#pragma once

#include <cstdint>
#include <string>

namespace qmpshot {

enum class DisplayKind : std::uint8_t {
  graphic,  // a display device's output
  text,     // a text console of QEMU's own: its monitor, a serial or parallel port (-chardev vc)
};

// One console, as QEMU has it.
struct Display {
  std::uint32_t index = 0;  // QEMU's console number; 0 is what it shows when nothing is asked for
  DisplayKind kind = DisplayKind::graphic;
  std::string device_id;    // the id given with -device; empty where there is none
  std::string device_type;  // such as "virtio-gpu-pci"; empty for text consoles
  std::string device_path;  // QOM path; empty for text consoles
  std::uint32_t head = 0;   // which output of that device
  std::string why_not;      // empty: a picture can be asked for; else why it cannot

  [[nodiscard]] bool can_be_grabbed() const noexcept { return why_not.empty(); }
};

// Which display is meant. Empty: the first console.
struct DisplayChoice {
  DisplayChoice() = default;
  explicit DisplayChoice(std::string device, std::uint32_t head_number = 0)
      : device_id(std::move(device)), head(head_number) {}

  std::string device_id;
  std::uint32_t head = 0;

  [[nodiscard]] bool is_first_console() const noexcept { return device_id.empty(); }
};

}  // namespace qmpshot
