// SPDX-License-Identifier: MIT
#include "tests/fake/fake_vm.h"

#include <unistd.h>

#include <atomic>
#include <utility>

namespace qmpshot::test {
namespace {

std::string event(const std::string& name, const std::string& data = "") {
  return R"({"timestamp": {"seconds": 1795168952, "microseconds": 187100}, "event": ")" + name +
         "\"" + (data.empty() ? "" : ", \"data\": " + data) + "}";
}

std::string error_line(const FakeError& error, const std::string& id_member) {
  qmp::JsonWriter body;
  body.begin_object().key("class").string(error.error_class);
  body.key("desc").string(error.description).end_object();
  return "{" + id_member + (id_member.empty() ? "" : ", ") + "\"error\": " + body.text() + "}";
}

std::string path_of(const qmp::Json& arguments) {
  return std::string(arguments["path"].string().value_or(""));
}

// A number that no other fake of this host has, and no thread.
std::int64_t new_thread() {
  static std::atomic<std::int64_t> count{0};
  return (std::int64_t{::getpid()} << 32) + ++count;
}

}  // namespace

FakeVm::FakeVm(const FakeOptions& options)
    : options_(options),
      screen_(options),
      status_(options.status),
      first_thread_(options.first_thread != 0 ? options.first_thread : new_thread()) {}

std::string FakeVm::greeting() {
  negotiated_ = false;
  if (!options_.greeting_line.empty()) return options_.greeting_line;
  const qmp::Version& version = options_.version;
  qmp::JsonWriter out;
  out.begin_object().key("QMP").begin_object().key("version").begin_object();
  out.key("qemu").begin_object().key("micro").integer(version.micro);
  out.key("minor").integer(version.minor).key("major").integer(version.major).end_object();
  out.key("package").string(options_.package).end_object();
  out.key("capabilities").begin_array().string("oob").end_array().end_object().end_object();
  return out.text();
}

void FakeVm::client_left() {
  // Since 10.0 nothing frees a set but remove-fd.
  if (options_.version < qmp::Version{10, 0, 0}) fdsets_.clear();
}

std::string FakeVm::command_name(std::string_view line) {
  const Result<qmp::Json> json = qmp::Json::parse(line);
  return json ? std::string((*json)["execute"].string().value_or("")) : "";
}

FakeVm::Outcome FakeVm::execute(std::string_view line, UniqueFd& passed) {
  Outcome out;
  const Result<qmp::Json> json = qmp::Json::parse(line);
  if (!json) {
    out.lines.push_back(error_line({"GenericError", "JSON parse error, invalid keyword"}, ""));
    return out;
  }
  std::string id;
  if (const auto number = (*json)["id"].integer()) id = "\"id\": " + std::to_string(*number);
  const auto name = (*json)["execute"].string();
  if (!name) {
    const FakeError error{"GenericError", "QMP input lacks member 'execute'"};
    out.lines.push_back(error_line(error, id));
    return out;
  }
  if (options_.chats) out.lines.push_back(event("RTC_CHANGE", R"({"offset": 0})"));
  if (options_.long_line_bytes != 0) {
    out.lines.push_back(event("LONG", "\"" + std::string(options_.long_line_bytes, 'x') + "\""));
  }
  take_turns(std::string(*name), out.lines);
  const auto reply = run(std::string(*name), (*json)["arguments"], passed, out.lines);
  if (!reply) {
    out.died = true;
  } else if (const auto* error = std::get_if<FakeError>(&*reply)) {
    out.lines.push_back(error_line(*error, id));
  } else {
    out.lines.push_back("{\"return\": " + std::get<std::string>(*reply) +
                        (id.empty() ? "" : ", " + id) + "}");
  }
  return out;
}

std::optional<FakeReply> FakeVm::run(const std::string& name, const qmp::Json& arguments,
                                     UniqueFd& passed, std::vector<std::string>& events) {
  if (!negotiated_ && name != "qmp_capabilities") {
    return FakeError{"CommandNotFound",
                     "Expecting capabilities negotiation with 'qmp_capabilities'"};
  }
  if (const auto refused = options_.refuses.find(name); refused != options_.refuses.end()) {
    return refused->second;
  }
  if (const auto answer = options_.answers.find(name); answer != options_.answers.end()) {
    return answer->second;
  }
  const std::int64_t fdset = arguments["fdset-id"].integer().value_or(0);
  if (name == "qmp_capabilities") {
    if (std::exchange(negotiated_, true)) {
      return FakeError{"CommandNotFound",
                       "Capabilities negotiation is already complete, command ignored"};
    }
    return "{}";
  }
  if (name == "add-fd") {
    return fdsets_.add(fdset, std::move(passed),
                       std::string(arguments["opaque"].string().value_or("")));
  }
  if (name == "remove-fd") {
    const bool kept = status_ != "running" && options_.version < qmp::Version{10, 0, 0};
    return fdsets_.remove(fdset, !kept);
  }
  if (name == "query-fdsets") return fdsets_.query();
  if (name == "screendump") return screen_.screendump(arguments, fdsets_);
  if (name == "qom-list") return screen_.qom_list(path_of(arguments));
  if (name == "qom-get") {
    return screen_.qom_get(path_of(arguments),
                           std::string(arguments["property"].string().value_or("")));
  }
  if (name == "query-status") return status();
  if (name == "query-uuid") return R"({"UUID": "00000000-0000-0000-0000-000000000000"})";
  if (name == "query-cpus-fast") return processors();
  if (name == "stop" || name == "cont") return set_running(name == "cont", events);
  return FakeError{"CommandNotFound", "The command " + name + " has not been found"};
}

void FakeVm::take_turns(const std::string& name, std::vector<std::string>& events) {
  const std::size_t time = ++times_[name];
  for (const FakeTurn& turn : options_.turns) {
    if (turn.command == name && turn.time == time) enter(turn.status, events);
  }
}

void FakeVm::enter(const std::string& status, std::vector<std::string>& events) {
  const bool running = status == "running";
  if (running != (status_ == "running")) events.push_back(event(running ? "RESUME" : "STOP"));
  status_ = status;
}

// A VM that stands already keeps its reason.
FakeReply FakeVm::set_running(bool running, std::vector<std::string>& events) {
  if (running != (status_ == "running")) enter(running ? "running" : "paused", events);
  return "{}";
}

std::string FakeVm::processors() const {
  return R"([{"thread-id": )" + std::to_string(first_thread_) +
         R"(, "cpu-index": 0, "qom-path": "/machine/unattached/device[0]", "target": "x86_64"}])";
}

std::string FakeVm::status() const {
  qmp::JsonWriter out;
  out.begin_object().key("status").string(status_);
  if (options_.version < qmp::Version{10, 0, 0}) out.key("singlestep").boolean(false);
  out.key("running").boolean(status_ == "running").end_object();
  return out.text();
}

}  // namespace qmpshot::test
