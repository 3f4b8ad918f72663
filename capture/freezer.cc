// SPDX-License-Identifier: MIT
#include "capture/freezer.h"

#include "capture/freeze_lock.h"
#include "qmp/commands.h"

#include <utility>

namespace qmpshot::capture {

asio::awaitable<bool> Freezer::prepare(qmp::Client& client, std::vector<std::string>& notes,
                                       qmp::Deadline deadline) {
  if (lock_name_.empty()) lock_name_ = co_await freeze_lock_name(client, deadline);
  // After a freeze whose end we did not see we have it still.
  if (!lock_) lock_ = co_await take_freeze_lock(lock_name_, deadline);

  std::vector<qmp::Command> questions;
  questions.push_back(qmp::query_status());
  questions.push_back(qmp::query_migrate());
  const std::vector<qmp::Reply> replies =
      co_await client.execute_all(std::move(questions), -1, deadline);
  const qmp::VmStatus status = qmp::parse_status(replies[0].value());
  std::string why_not;
  if (!status.running) why_not = "the VM does not run, its state is " + status.status;
  // Where the migration ends between "stop" and "cont", "cont" would continue the VM here while it
  // runs at its new place already. Seen on 5.2 and 7.2; States tests it.
  if (replies[1].ok() && qmp::is_migrating(*replies[1])) why_not = "the VM is being migrated";
  if (!why_not.empty()) {
    notes.push_back("not stopped for the picture: " + why_not);
    co_return false;
  }
  set_guard(client.native_handle());
  co_return true;
}

void Freezer::set_guard(int connected_socket) {
  if (guard_ && guard_->hold(lock_.get())) return;
  if (guard_ && !guard_->is_gone()) {
    // One more beside it would not do: it takes the end of our orders for the end of us.
    throw Error(Errc::cannot_write, "telling the guard of a stopped VM: no descriptors or memory");
  }
  guard_.reset();  // somebody killed it
  guard_.emplace(FreezeGuard::start(connected_socket).value());
  if (guard_->hold(lock_.get())) return;
  throw Error(Errc::cannot_write,
              "starting the guard of a stopped VM: it ended at once, try again");
}

void Freezer::done() {
  if (!lock_ || is_under_way_) return;
  lock_ = UniqueFd();
  if (guard_) guard_->let_go();
}

asio::awaitable<void> Freezer::dismiss() {
  lock_ = UniqueFd();
  if (guard_) co_await guard_->dismiss();
  guard_.reset();
}

}  // namespace qmpshot::capture
