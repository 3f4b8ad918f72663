// SPDX-License-Identifier: MIT
// What can go wrong, in the caller's terms, and how a function says so.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace qmpshot {

// One for each thing a caller would do differently.
enum class Errc {
  bad_argument,     // the request makes no sense: correct it
  cannot_connect,   // nobody listens there: start the VM, correct the path
  connection_lost,  // QEMU went away in the middle: look whether the VM still runs
  cannot_write,     // our own output, memory or descriptors: make room
  timed_out,        // no answer in time: wait longer
  monitor_busy,     // connected, but never greeted: another client holds this monitor
  refused,          // QEMU understood and said no; its class and words are in the message
  unsupported,      // this QEMU, or this display, cannot do it
  bad_peer,         // what answers is not QMP
  bad_image,        // the bytes are not a picture we accept
  no_picture,       // the guest shows no picture of its own
  cancelled,        // the caller said stop
};

// The enumerator's name, such as "timed_out".
constexpr std::string_view name(Errc code) noexcept {
  switch (code) {
    case Errc::bad_argument: return "bad_argument";
    case Errc::cannot_connect: return "cannot_connect";
    case Errc::connection_lost: return "connection_lost";
    case Errc::cannot_write: return "cannot_write";
    case Errc::timed_out: return "timed_out";
    case Errc::monitor_busy: return "monitor_busy";
    case Errc::refused: return "refused";
    case Errc::unsupported: return "unsupported";
    case Errc::bad_peer: return "bad_peer";
    case Errc::bad_image: return "bad_image";
    case Errc::no_picture: return "no_picture";
    case Errc::cancelled: return "cancelled";
  }
  return "unknown";
}

// One line: what was attempted, on what, why it failed. The same type is returned and thrown.
class Error : public std::exception {
 public:
  Error(Errc code, std::string message) : code_(code), message_(std::move(message)) {}

  // "<attempt>: <strerror>".
  static Error from_errno(Errc code, std::string_view attempt, int errno_value) {
    return Error(code, std::generic_category().message(errno_value)).within(attempt);
  }

  // What was thrown; of the standard library's exceptions, which mean that memory or descriptors
  // ran out, cannot_write with their words. Others are rethrown.
  static Error from_exception(const std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Error& error) {
      return error;
    } catch (const std::exception& error) {
      return Error(Errc::cannot_write, error.what());
    }
  }

  [[nodiscard]] Errc code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

  // QEMU's own error class, such as "DeviceNotFound"; empty where QEMU said nothing.
  // Branch on this, never on QEMU's words: they change between versions.
  [[nodiscard]] const std::string& qemu_class() const noexcept { return qemu_class_; }
  Error& set_qemu_class(std::string qemu_class) {
    qemu_class_ = std::move(qemu_class);
    return *this;
  }

  // The same error, its message preceded by "<attempt>: ".
  [[nodiscard]] Error within(std::string_view attempt) const {
    Error outer = *this;
    outer.message_.insert(0, ": ").insert(0, attempt);
    return outer;
  }

 private:
  Errc code_;
  std::string message_;
  std::string qemu_class_;
};

// A T, or the Error that stands in its place.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // The value; throws the Error where there is none.
  T& value() & { return checked(*this); }
  const T& value() const& { return checked(*this); }
  T&& value() && { return std::move(checked(*this)); }

  // Only where ok() is known.
  T& operator*() noexcept { return *std::get_if<0>(&state_); }
  const T& operator*() const noexcept { return *std::get_if<0>(&state_); }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  // Only where !ok() is known.
  [[nodiscard]] const Error& error() const noexcept { return *std::get_if<1>(&state_); }

 private:
  template <class Self>
  static auto& checked(Self& self) {
    if (!self.ok()) throw self.error();
    return *std::get_if<0>(&self.state_);
  }

  std::variant<T, Error> state_;
};

// Done, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  void value() const {
    if (!ok()) throw error();
  }
  [[nodiscard]] const Error& error() const noexcept { return *std::get_if<1>(&state_); }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace qmpshot
