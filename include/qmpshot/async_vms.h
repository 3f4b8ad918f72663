// SPDX-License-Identifier: MIT
// list_vms() for callers that own an io_context. Needs Asio's headers.
#pragma once

#include <qmpshot/vms.h>

#include <asio/awaitable.hpp>

namespace qmpshot {

// As list_vms(); the thread is held while /proc is read, which may be up to four times.
//   errors  also cancelled
asio::awaitable<std::vector<Vm>> async_list_vms(
    std::chrono::milliseconds patience = default_patience);

}  // namespace qmpshot
