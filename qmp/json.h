// SPDX-License-Identifier: MIT
// JSON, read and written. The only door to RapidJSON.
#pragma once

#include <qmpshot/error.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace qmpshot::qmp {

// A value inside a parsed document, which it keeps alive; cheap to copy. A look at what is not
// there gives an absent value, and an absent value has no type: one test at the end of a path is
// enough, `json["return"]["status"].string()`.
class Json {
 public:
  Json() = default;  // absent

  // Parses one whole text. Depth costs no stack.
  //   errors  bad_peer: RapidJSON's words and the offset
  static Result<Json> parse(std::string_view text);

  explicit operator bool() const noexcept { return value_ != nullptr; }

  // Objects. A key that stands twice gives its first value.
  Json operator[](std::string_view key) const;

  // Arrays: 0 where this is none.
  [[nodiscard]] std::size_t size() const;
  Json operator[](std::size_t index) const;

  [[nodiscard]] bool is_object() const;
  [[nodiscard]] std::optional<std::string_view> string() const;  // borrowed from the document
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<bool> boolean() const;

 private:
  struct Document;
  Json(std::shared_ptr<const Document> document, const void* value)
      : document_(std::move(document)), value_(value) {}

  std::shared_ptr<const Document> document_;
  const void* value_ = nullptr;  // a rapidjson::Value inside *document_
};

// What somebody else said or named, fit for one line of an error and for a terminal: control
// characters, and bytes that are not UTF-8, become '?'.
std::string printable(std::string_view text);

// Writes one JSON text without white space. Bytes that are not UTF-8 are replaced by U+FFFD, so
// that what comes out is always valid.
class JsonWriter {
 public:
  JsonWriter();
  JsonWriter(JsonWriter&&) noexcept;
  JsonWriter& operator=(JsonWriter&&) noexcept;
  ~JsonWriter();

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view value);
  JsonWriter& string_or_null(std::string_view value);  // null for an empty one
  JsonWriter& integer(std::int64_t value);
  JsonWriter& number(double value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();

  // A whole JSON text, taken as it is.
  JsonWriter& raw(std::string_view json);

  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace qmpshot::qmp
