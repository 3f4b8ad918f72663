// SPDX-License-Identifier: MIT
// Many listening sockets of all kinds in one thread: for how VMs are found, not what they do.
#pragma once

#include "qmp/json.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_folder.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace qmpshot::test {

enum class Answers {
  as_machine,         // QMP with a virtual machine
  as_storage_daemon,  // QMP without one
  as_people_monitor,  // HMP
  as_guest_agent,     // silent until asked
  never,              // accepts nobody, as a monitor that has a client
  by_closing,
};

class ManyMonitors {
 public:
  ManyMonitors() : stop_(::eventfd(0, EFD_CLOEXEC)) {}
  ManyMonitors(const ManyMonitors&) = delete;
  ManyMonitors& operator=(const ManyMonitors&) = delete;
  ~ManyMonitors() {
    const std::uint64_t one = 1;
    (void)!::write(stop_.get(), &one, sizeof one);
    if (thread_.joinable()) thread_.join();
  }

  // Before start(). The path of the new socket.
  std::string add(Answers answers) {
    const std::string path = folder_.file("m" + std::to_string(listening_.size()));
    listening_.emplace_back(bound_socket(path, 1), answers);
    return path;
  }
  // The path of a socket whose listener is gone.
  std::string add_dead() {
    const std::string path = folder_.file("d" + std::to_string(++dead_));
    (void)bound_socket(path, 1);
    return path;
  }

  void start() {
    thread_ = std::thread([this] { serve(); });
  }

 private:
  struct Client {
    UniqueFd socket;
    Answers answers;
    std::string unread;
  };

  static void say(const Client& client, std::string_view line) {
    (void)::send(client.socket.get(), line.data(), line.size(), MSG_NOSIGNAL);
  }

  static void greet(const Client& client) {
    if (client.answers == Answers::as_people_monitor) {
      say(client, "QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ");
    } else if (client.answers != Answers::as_guest_agent) {
      say(client,
          "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "
          "\"package\": \"\"}, \"capabilities\": []}}\r\n");
    }
  }

  static void reply(const Client& client, std::string_view line) {
    const qmp::Json command = qmp::Json::parse(line).value();
    const std::optional<std::int64_t> number = command["id"].integer();
    const std::string id = number ? ", \"id\": " + std::to_string(*number) : "";
    const bool shakes = command["execute"].string() == "qmp_capabilities";
    const bool knows = client.answers == Answers::as_machine ||
                       (client.answers == Answers::as_storage_daemon && shakes);
    say(client, knows ? "{\"return\": {}" + id + "}\r\n"
                      : "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command has "
                        "not been found\"}" +
                            id + "}\r\n");
  }

  // False where the client left.
  static bool serve(Client& client) {
    const Received got = receive(client.socket.get(), 4096, MSG_DONTWAIT);
    if (got.bytes.empty()) return got.error == EAGAIN;
    client.unread += got.bytes;
    for (std::size_t end; (end = client.unread.find('\n')) != std::string::npos;) {
      if (client.answers != Answers::as_people_monitor) reply(client, client.unread.substr(0, end));
      client.unread.erase(0, end + 1);
    }
    return true;
  }

  void serve() {
    for (;;) {
      std::vector<pollfd> waiting{{stop_.get(), POLLIN, 0}};
      for (const auto& [socket, answers] : listening_) {
        // As in QEMU: nobody else while there is a client.
        const bool open = answers != Answers::never && !clients_.contains(socket.get());
        waiting.push_back({open ? socket.get() : -1, POLLIN, 0});
      }
      for (const auto& [listener, client] : clients_) {
        waiting.push_back({client.socket.get(), POLLIN, 0});
      }
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
      if (waiting[0].revents != 0) return;
      for (auto it = clients_.begin(); it != clients_.end();) {
        it = serve(it->second) ? std::next(it) : clients_.erase(it);
      }
      for (std::size_t i = 0; i < listening_.size(); ++i) {
        if (waiting[i + 1].revents != 0) admit(listening_[i].first.get(), listening_[i].second);
      }
    }
  }

  void admit(int listener, Answers answers) {
    UniqueFd socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket || answers == Answers::by_closing) return;
    Client client{std::move(socket), answers, ""};
    greet(client);
    clients_.emplace(listener, std::move(client));
  }

  TempFolder folder_;
  std::vector<std::pair<UniqueFd, Answers>> listening_;
  std::map<int, Client> clients_;  // by listener
  int dead_ = 0;
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace qmpshot::test
