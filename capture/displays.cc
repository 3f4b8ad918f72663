// SPDX-License-Identifier: MIT
#include "capture/displays.h"

#include "capture/quirks.h"
#include "qmp/commands.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace qmpshot::capture {
namespace {

constexpr std::string_view backend = "/backend";
constexpr std::string_view peripheral = "/machine/peripheral/";

// N of "console[N]".
std::optional<std::uint32_t> console_index(std::string_view name) {
  constexpr std::string_view before = "console[";
  if (!name.starts_with(before) || !name.ends_with(']')) return std::nullopt;
  const char* first = name.data() + before.size();
  const char* last = name.data() + name.size() - 1;
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(first, last, index);
  if (error != std::errc() || end != last) return std::nullopt;
  return index;
}

std::string text_or_empty(const qmp::Reply& reply) {
  return reply.ok() ? qmp::printable(reply->string().value_or("")) : std::string();
}

std::string console_path(std::uint32_t index) {
  return std::string(backend) + "/console[" + std::to_string(index) + "]";
}

// What QOM knows of one console; on a text console some of the questions are refused, harmlessly.
Display describe(std::uint32_t index, const qmp::Reply& path, const qmp::Reply& head,
                 const qmp::Reply& type) {
  Display display;
  display.index = index;
  display.device_path = text_or_empty(path);
  display.kind = display.device_path.empty() ? DisplayKind::text : DisplayKind::graphic;
  if (display.kind == DisplayKind::text) return display;
  display.device_type = text_or_empty(type);
  if (head.ok()) display.head = static_cast<std::uint32_t>(head->integer().value_or(0));
  if (display.device_path.starts_with(peripheral)) {
    display.device_id = display.device_path.substr(peripheral.size());
  }
  return display;
}

}  // namespace

asio::awaitable<std::vector<Display>> list_displays(qmp::Client& client, qmp::Deadline deadline) {
  std::vector<qmp::Command> first;
  first.push_back(qmp::qom_list(backend));
  const std::vector<qmp::Reply> listing =
      co_await client.execute_all(std::move(first), -1, deadline);
  // A VM without any console has no such folder.
  if (!listing[0].ok() && listing[0].error().qemu_class() == "DeviceNotFound") {
    co_return std::vector<Display>();
  }
  std::vector<std::uint32_t> indices;
  for (const qmp::QomEntry& entry : qmp::parse_qom_list(listing[0].value())) {
    if (const auto index = console_index(entry.name)) indices.push_back(*index);
  }
  std::ranges::sort(indices);

  std::vector<qmp::Command> questions;
  for (const std::uint32_t index : indices) {
    const std::string path = console_path(index);
    questions.push_back(qmp::qom_get(path, "device"));
    questions.push_back(qmp::qom_get(path, "head"));
    questions.push_back(qmp::qom_get(path + "/device", "type"));
  }
  const std::vector<qmp::Reply> replies =
      co_await client.execute_all(std::move(questions), -1, deadline);

  std::vector<Display> displays;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    displays.push_back(
        describe(indices[i], replies[3 * i], replies[3 * i + 1], replies[3 * i + 2]));
  }
  if (client.greeting()) mark_unreachable(displays, client.greeting()->version);
  co_return displays;
}

void mark_unreachable(std::vector<Display>& displays, const qmp::Version& version) {
  bool behind_text = false;
  for (Display& display : displays) {
    behind_text |= display.kind == DisplayKind::text;
    if (display.index == 0) continue;  // needs no name
    if (display.kind == DisplayKind::text) {
      display.why_not = "QEMU shows a text console only where it is the first";
    } else if (display.device_type == "qxl" && has_quirk(version, Quirk::secondary_qxl_hangs)) {
      display.why_not = "QEMU " + version.text() + " would hang if the guest has no qxl driver";
    } else if (display.device_id.empty()) {
      display.why_not = "its device has no id: start QEMU with -device " +
                        (display.device_type.empty() ? "..." : display.device_type) + ",id=NAME";
    } else if (behind_text && has_quirk(version, Quirk::lookup_aborts)) {
      display.why_not = "QEMU " + version.text() +
                        " would abort on the way to it, past its text consoles: start QEMU with "
                        "-nodefaults, or with the device on the command line";
    }
  }
}

Result<Display> choose_display(const std::vector<Display>& displays, const DisplayChoice& choice) {
  const std::string attempt = "looking for device " + choice.device_id;
  std::set<std::string> ids;
  std::string heads;
  for (const Display& display : displays) {
    if (!display.device_id.empty()) ids.insert(display.device_id);
    if (display.device_id != choice.device_id) continue;
    if (display.head == choice.head) {
      if (display.can_be_grabbed()) return display;
      return Error(Errc::unsupported, display.why_not).within(attempt);
    }
    heads += (heads.empty() ? "" : ", ") + std::to_string(display.head);
  }
  if (!heads.empty()) {
    return Error(Errc::refused,
                 attempt + ": it has no head " + std::to_string(choice.head) + ", but " + heads);
  }
  std::string known;
  for (const std::string& id : ids) known += (known.empty() ? "" : ", ") + id;
  return Error(Errc::refused, attempt + ": no display has this id" +
                                  (known.empty() ? ": no display here has one" : ", but " + known));
}

}  // namespace qmpshot::capture
