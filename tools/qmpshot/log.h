// SPDX-License-Identifier: MIT
// What --verbose says. The only door to spdlog.
#pragma once

#include <string>

namespace qmpshot::tools {

// Until this is called, verbose() costs a test and says nothing.
void start_verbose_log();

// One line on stderr, with the time; nothing in it steers the terminal.
void verbose(const std::string& line);

}  // namespace qmpshot::tools
