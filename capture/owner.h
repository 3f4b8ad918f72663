// SPDX-License-Identifier: MIT
// Whose it is what QEMU holds, said where another of us finds it.
#pragma once

#include <string>
#include <string_view>

namespace qmpshot::capture {

// What stands before the owner: in a descriptor set's `opaque`, and in the name of a frame's
// memory.
inline constexpr std::string_view set_of_ours = "qmpshot ";
inline constexpr std::string_view memory_of_ours = "qmpshot-frame ";

// This process: its PID, and the PID namespace where it is not the machine's own.
std::string owner();

// Whether who called itself this is known to be gone, which only a process of our own PID namespace
// can be.
bool is_gone(std::string_view owner);

}  // namespace qmpshot::capture
