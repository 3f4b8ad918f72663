// SPDX-License-Identifier: MIT
// What we lend to QEMU says whose it is, so that others of us find out when its owner is gone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qmpshot::capture {

// A descriptor set's `opaque`: "qmpshot OWNER". The owner is this process: its PID, and the PID
// namespace where it is not the machine's own.
std::string set_tag();

// The name of a frame's memory: "qmpshot-frame OWNER".
std::string memory_name();

// The owner in either of them.
//   return  nullopt where it is not of our making
std::optional<std::string> owner_in_tag(std::string_view tag);
std::optional<std::string> owner_in_name(std::string_view name);

// Whether an owner is known to be gone, which only a process of our own PID namespace can be.
bool is_gone(std::string_view owner);

}  // namespace qmpshot::capture
