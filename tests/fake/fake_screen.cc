// SPDX-License-Identifier: MIT
#include "tests/fake/fake_screen.h"

#include "encode/encoder.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

namespace qmpshot::test {
namespace {

constexpr std::string_view peripheral = "/machine/peripheral/";

FakeError generic(std::string words) {
  return {"GenericError", std::move(words)};
}

FakeError no_such_device(const std::string& name) {
  return {"DeviceNotFound", "Device '" + name + "' not found"};
}

void append(std::vector<std::byte>& out, std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), first, first + text.size());
}

std::string ppm_header(std::uint32_t width_px, std::uint32_t height_px) {
  return "P6\n" + std::to_string(width_px) + " " + std::to_string(height_px) + "\n255\n";
}

std::vector<std::byte> lying_file(const FakePicture& picture, Lie lie) {
  std::vector<std::byte> out;
  switch (lie) {
    case Lie::none: return ppm_file(picture);
    case Lie::short_body:
      append(out, ppm_header(picture.width_px, 2 * picture.height_px));
      out.insert(out.end(), picture.rgb.begin(), picture.rgb.end());
      return out;
    case Lie::trailing_bytes:
      out = ppm_file(picture);
      append(out, "more");
      return out;
    case Lie::huge_header: append(out, ppm_header(16384, 16384) + "abc"); return out;
    case Lie::no_picture: append(out, "not a picture\n"); return out;
    case Lie::nothing: return out;
    case Lie::packed:
      append(out, ppm_header(picture.width_px, picture.height_px));
      out.insert(out.end(), picture.rgb.begin(), picture.rgb.end());
      return out;
    case Lie::endless:
      out = ppm_file(picture);
      out.resize(out.size() + (std::size_t{64} << 20));
      return out;
  }
  return out;
}

}  // namespace

FakePicture fake_picture(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t seed) {
  FakePicture out{width_px, height_px, {}};
  out.rgb.reserve(std::size_t{3} * width_px * height_px);
  for (std::uint32_t y = 0; y < height_px; ++y) {
    for (std::uint32_t x = 0; x < width_px; ++x) {
      out.rgb.push_back(static_cast<std::byte>(x + seed));
      out.rgb.push_back(static_cast<std::byte>(y ^ seed));
      out.rgb.push_back(static_cast<std::byte>(x * y + seed * 31 + width_px));
    }
  }
  return out;
}

std::vector<std::byte> ppm_file(const FakePicture& picture) {
  std::vector<std::byte> out;
  append(out, ppm_header(picture.width_px, picture.height_px));
  const std::size_t row_bytes = std::size_t{3} * picture.width_px;
  for (std::size_t at = 0; at < picture.rgb.size(); at += row_bytes) {
    const auto row = picture.rgb.begin() + static_cast<std::ptrdiff_t>(at);
    out.insert(out.end(), row, row + static_cast<std::ptrdiff_t>(row_bytes));
    out.resize(out.size() + (4 - row_bytes % 4) % 4);  // QEMU pads rows to four bytes
  }
  return out;
}

FakeConsole FakeConsole::graphic(std::string path, FakePicture picture, std::int64_t head) {
  FakeConsole out;
  out.path = std::move(path);
  out.head = head;
  out.frames.push_back(std::move(picture));
  return out;
}

FakeConsole FakeConsole::text() {
  FakeConsole out;
  out.is_text = true;
  out.frames.push_back({640, 384, std::vector<std::byte>(std::size_t{640} * 384 * 3)});
  return out;
}

FakeScreen::FakeScreen(const FakeOptions& options) : options_(options) {
  for (const FakeConsole& console : options.consoles) consoles_.push_back({console});
}

// Consoles became types of their own, and the lookup deadly, between 7.2 and 10.0.
bool FakeScreen::has_console_types() const {
  return options_.version >= qmp::Version{8, 0, 0};
}

// Seen on 5.2, 7.2 and 10.0: a console that came later is there, but not below /backend.
bool FakeScreen::is_listed(const FakeConsole& console) const {
  return !console.hot_plugged || options_.version >= qmp::Version{11, 0, 0};
}

bool FakeScreen::exists(const std::string& id) const {
  const auto& others = options_.other_devices;
  return by_path(std::string(peripheral) + id) != nullptr ||
         std::find(others.begin(), others.end(), id) != others.end();
}

const FakeConsole* FakeScreen::by_path(const std::string& path) const {
  for (const Console& console : consoles_) {
    if (!console.is_text && console.path == path) return &console;
  }
  return nullptr;
}

FakeScreen::Found FakeScreen::find(const qmp::Json& arguments) {
  Found found;
  const qmp::Json device = arguments["device"];
  if (!device) {
    if (arguments["head"]) {
      found.error = generic("'head' must be specified together with 'device'");
    } else if (consoles_.empty()) {
      found.error = generic("There is no console to take a screendump from");
    } else {
      found.console = &consoles_.front();
    }
    return found;
  }
  const std::string id(device.string().value_or(""));
  const std::int64_t head = arguments["head"].integer().value_or(0);
  if (!exists(id)) {
    found.error = no_such_device(id);
    return found;
  }
  for (Console& console : consoles_) {
    if (console.is_text && has_console_types()) return found;  // QEMU's &error_abort
    if (console.is_text || console.path != std::string(peripheral) + id) continue;
    if (console.head != head) continue;
    found.console = &console;
    return found;
  }
  found.error = generic("Device " + id + " (head " + std::to_string(head) +
                        ") is not bound to a QemuConsole");
  return found;
}

std::optional<FakeReply> FakeScreen::screendump(const qmp::Json& arguments,
                                                const FakeFdsets& fdsets) {
  const auto filename = arguments["filename"].string();
  if (!filename) return FakeReply(generic("Parameter 'filename' is missing"));
  const qmp::Json format = arguments["format"];
  if (format && options_.version < qmp::Version{7, 1, 0}) {
    return FakeReply(generic("Parameter 'format' is unexpected"));
  }
  Found found = find(arguments);
  if (found.error) return FakeReply(std::move(*found.error));
  if (found.console == nullptr) return std::nullopt;
  if (found.console->frames.empty()) return FakeReply(generic("no surface"));
  return write(std::string(*filename), file_of(*found.console, format.string() == "png"), fdsets);
}

std::vector<std::byte> FakeScreen::file_of(Console& console, bool png) const {
  FakePicture picture = console.frames[std::min(console.shown++, console.frames.size() - 1)];
  if (!png) return lying_file(picture, options_.lie);
  if (options_.swaps_png_colours) {
    for (std::size_t i = 0; i + 2 < picture.rgb.size(); i += 3) {
      std::swap(picture.rgb[i], picture.rgb[i + 2]);
    }
  }
  const ImageView view{picture.rgb, picture.width_px, picture.height_px,
                       std::size_t{3} * picture.width_px, PixelFormat::rgb24};
  return encode::encode(*encode::find_encoder("png"), view).value();
}

FakeReply FakeScreen::write(const std::string& filename, const std::vector<std::byte>& file,
                            const FakeFdsets& fdsets) const {
  constexpr std::string_view fdset = "/dev/fdset/";
  const bool passed = filename.rfind(fdset, 0) == 0;
  const bool new_words = options_.version >= qmp::Version{11, 0, 0};
  UniqueFd out;
  int failure = 0;
  if (passed) {
    auto opened = fdsets.open_write_only(std::stoll(filename.substr(fdset.size())));
    if (auto* fd = std::get_if<UniqueFd>(&opened))
      out = std::move(*fd);
    else
      failure = *std::get_if<int>(&opened);
  } else {
    out = UniqueFd(::open(filename.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    failure = out ? 0 : errno;
  }
  if (!out) {
    const std::string why = std::strerror(failure);
    if (!new_words) return generic("failed to open file '" + filename + "': " + why);
    if (!passed) return generic("Could not create '" + filename + "': " + why);
    if (failure == ENOENT) return generic("Failed to find fdset " + filename);
    if (failure == EACCES) {
      return generic("Failed to find file descriptor with matching flags=0x241");
    }
    return generic("Failed to dup() given file descriptor fd=18");
  }
  for (std::size_t done = 0; done < file.size();) {
    std::size_t rest = file.size() - done;
    if (options_.dawdles.count() != 0 && done == 0) rest /= 2;
    if (options_.dawdles.count() != 0 && done != 0) std::this_thread::sleep_for(options_.dawdles);
    const ssize_t size = ::write(out.get(), file.data() + done, rest);
    if (size < 0) {
      const std::string why = std::strerror(errno);
      if (!passed) (void)::unlink(filename.c_str());  // as QEMU does, whatever stood there before
      return generic("Unable to write to file: " + why);
    }
    done += static_cast<std::size_t>(size);
  }
  if (passed && options_.fails_behind_it) return generic("Unable to write to file: it is full");
  return "{}";
}

FakeReply FakeScreen::qom_list(const std::string& path) const {
  qmp::JsonWriter out;
  const auto entry = [&](const std::string& name, const std::string& type) {
    out.begin_object().key("name").string(name).key("type").string(type).end_object();
  };
  out.begin_array();
  entry("type", "string");
  if (path == "/backend" && !consoles_.empty()) {
    for (std::size_t i = 0; i < consoles_.size(); ++i) {
      if (!is_listed(consoles_[i])) continue;
      const char* type = !has_console_types()   ? "child<qemu-console>"
                         : consoles_[i].is_text ? "child<qemu-fixed-text-console>"
                                                : "child<qemu-graphic-console>";
      entry("console[" + std::to_string(i) + "]", type);
    }
  } else if (path + "/" == peripheral) {
    std::vector<std::string> seen;
    for (const Console& console : consoles_) {
      if (console.is_text || console.path.rfind(peripheral, 0) != 0) continue;
      if (std::find(seen.begin(), seen.end(), console.path) != seen.end()) continue;
      seen.push_back(console.path);
      entry(console.path.substr(peripheral.size()), "child<" + console.type + ">");
    }
    for (const std::string& id : options_.other_devices) entry(id, "child<virtio-blk-pci>");
  } else {
    return no_such_device(path);
  }
  return out.end_array().text();
}

FakeReply FakeScreen::qom_get(const std::string& path, const std::string& property) const {
  if (const FakeConsole* console = by_path(path); console != nullptr && property == "type") {
    return qmp::JsonWriter().string(console->type).text();
  }
  for (std::size_t i = 0; i < consoles_.size(); ++i) {
    const Console& console = consoles_[i];
    if (!is_listed(console)) continue;
    const std::string own_path = "/backend/console[" + std::to_string(i) + "]";
    if (path == own_path + "/device" && property == "type" && !console.is_text) {
      return qmp::JsonWriter().string(console.type).text();
    }
    if (path != own_path) continue;
    const std::string type = !has_console_types() ? "qemu-console"
                             : console.is_text    ? "qemu-fixed-text-console"
                                                  : "qemu-graphic-console";
    if (property == "type") return qmp::JsonWriter().string(type).text();
    const bool has = !console.is_text || !has_console_types();
    if (property == "device" && has) return qmp::JsonWriter().string(console.path).text();
    if (property == "head" && has) return qmp::JsonWriter().integer(console.head).text();
    return generic("Property '" + type + "." + property + "' not found");
  }
  return no_such_device(path);
}

}  // namespace qmpshot::test
