// SPDX-License-Identifier: MIT
// The consoles of a fake VM: which there are, and how a dump finds and writes one.
//   source  QEMU ui/console.c, ui/ui-qmp-cmds.c
#pragma once

#include "qmp/json.h"
#include "tests/fake/fake_fdsets.h"
#include "tests/fake/fake_options.h"

#include <optional>
#include <string>
#include <vector>

namespace qmpshot::test {

class FakeScreen {
 public:
  explicit FakeScreen(const FakeOptions& options);

  // `fdsets` holds what /dev/fdset/N names.
  //   return  nullopt where this QEMU aborts: the lookup walked onto a text console
  std::optional<FakeReply> screendump(const qmp::Json& arguments, const FakeFdsets& fdsets);

  [[nodiscard]] FakeReply qom_list(const std::string& path) const;
  [[nodiscard]] FakeReply qom_get(const std::string& path, const std::string& property) const;

 private:
  struct Console : FakeConsole {
    std::size_t shown = 0;  // how often it was dumped
  };

  [[nodiscard]] bool has_console_types() const;
  [[nodiscard]] bool is_listed(const FakeConsole& console) const;
  [[nodiscard]] bool exists(const std::string& id) const;
  [[nodiscard]] const FakeConsole* by_path(const std::string& path) const;
  // What QEMU's lookup comes to: a console, an error, or neither, and QEMU aborts.
  struct Found {
    Console* console = nullptr;
    std::optional<FakeError> error;
  };
  Found find(const qmp::Json& arguments);
  FakeReply write(const std::string& filename, const std::vector<std::byte>& file,
                  const FakeFdsets& fdsets) const;
  [[nodiscard]] std::vector<std::byte> file_of(Console& console, bool png) const;

  const FakeOptions& options_;
  std::vector<Console> consoles_;
};

}  // namespace qmpshot::test
