// SPDX-License-Identifier: MIT
#include "qmp/json.h"

#include <algorithm>
#include <cmath>
#include <utility>

// A QMP peer may send any bytes: RapidJSON's own asserts must not end our process.
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace qmpshot::qmp {
namespace {

const rapidjson::Value& as_value(const void* value) {
  return *static_cast<const rapidjson::Value*>(value);
}

rapidjson::SizeType length(std::string_view text) {
  return static_cast<rapidjson::SizeType>(text.size());
}

// Length of the valid UTF-8 sequence at the front of `text`, 0 where there is none.
//   source  Unicode 15, table 3-7
std::size_t utf8_sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead < 0xc2   ? 0
                           : lead < 0xe0 ? 2
                           : lead < 0xf0 ? 3
                           : lead < 0xf5 ? 4
                                         : 0;
  if (size == 0 || text.size() < size) return 0;
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if (at(i) < 0x80 || at(i) > 0xbf) return 0;
  }
  return size;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = utf8_sequence(text);
    out += size == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = utf8_sequence(text);
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const bool c0 = size == 1 && (at(0) < 0x20 || at(0) == 0x7f);
    const bool c1 = size == 2 && at(0) == 0xc2 && at(1) < 0xa0;  // U+009B starts a sequence as well
    out += size == 0 || c0 || c1 ? std::string_view("?") : text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

// RapidJSON parses in place, so the text lives as long as the values that point into it.
struct Json::Document {
  explicit Document(std::string_view of)
      : text(of), pool(std::clamp(4 * of.size(), smallest_chunk, largest_chunk)) {}

  // RapidJSON's own chunks are of 64 KiB, and most of QMP's texts of 40 bytes.
  static constexpr std::size_t smallest_chunk = 256;
  static constexpr std::size_t largest_chunk = 65536;

  std::string text;
  rapidjson::MemoryPoolAllocator<> pool;
  rapidjson::Document root{&pool};
};

Result<Json> Json::parse(std::string_view text) {
  // In place, RapidJSON takes a NUL for the end of the text; JSON has no place for one.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return Error(Errc::bad_peer, "reading JSON: a NUL at byte " + std::to_string(nul) + ".");
  }
  auto document = std::make_shared<Document>(text);
  // Iterative: a peer's nesting must not become our stack's depth.
  constexpr unsigned flags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag;
  document->root.ParseInsitu<flags>(document->text.data());
  if (document->root.HasParseError()) {
    return Error(Errc::bad_peer, std::string("reading JSON: ") +
                                     rapidjson::GetParseError_En(document->root.GetParseError()) +
                                     " At byte " + std::to_string(document->root.GetErrorOffset()) +
                                     ".");
  }
  const void* root = &document->root;
  return Json(std::move(document), root);
}

Json Json::operator[](std::string_view key) const {
  if (!is_object()) return {};
  const rapidjson::Value& object = as_value(value_);
  const char* name = key.empty() ? "" : key.data();  // memcmp takes no null, not even for 0 bytes
  const auto member = object.FindMember(rapidjson::Value(rapidjson::StringRef(name, length(key))));
  if (member == object.MemberEnd()) return {};
  return Json(document_, &member->value);
}

std::size_t Json::size() const {
  return value_ != nullptr && as_value(value_).IsArray() ? as_value(value_).Size() : 0;
}

Json Json::operator[](std::size_t index) const {
  if (index >= size()) return {};
  return Json(document_, &as_value(value_)[static_cast<rapidjson::SizeType>(index)]);
}

bool Json::is_object() const {
  return value_ != nullptr && as_value(value_).IsObject();
}

std::optional<std::string_view> Json::string() const {
  if (value_ == nullptr || !as_value(value_).IsString()) return std::nullopt;
  return std::string_view(as_value(value_).GetString(), as_value(value_).GetStringLength());
}

std::optional<std::int64_t> Json::integer() const {
  if (value_ == nullptr || !as_value(value_).IsInt64()) return std::nullopt;
  return as_value(value_).GetInt64();
}

std::optional<bool> Json::boolean() const {
  if (value_ == nullptr || !as_value(value_).IsBool()) return std::nullopt;
  return as_value(value_).GetBool();
}

struct JsonWriter::State {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
};

JsonWriter::JsonWriter() : state_(std::make_unique<State>()) {}
JsonWriter::JsonWriter(JsonWriter&&) noexcept = default;
JsonWriter& JsonWriter::operator=(JsonWriter&&) noexcept = default;
JsonWriter::~JsonWriter() = default;

JsonWriter& JsonWriter::begin_object() {
  state_->writer.StartObject();
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  state_->writer.EndObject();
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  state_->writer.StartArray();
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  state_->writer.EndArray();
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  const std::string valid = valid_utf8(name);
  state_->writer.Key(valid.data(), length(valid));
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  const std::string valid = valid_utf8(value);
  state_->writer.String(valid.data(), length(valid));
  return *this;
}

JsonWriter& JsonWriter::string_or_null(std::string_view value) {
  return value.empty() ? null() : string(value);
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  state_->writer.Int64(value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();  // JSON has no word for it
  state_->writer.Double(value);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  state_->writer.Bool(value);
  return *this;
}

JsonWriter& JsonWriter::null() {
  state_->writer.Null();
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  state_->writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  return *this;
}

std::string JsonWriter::text() const {
  return {state_->buffer.GetString(), state_->buffer.GetSize()};
}

}  // namespace qmpshot::qmp
