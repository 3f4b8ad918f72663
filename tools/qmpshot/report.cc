// SPDX-License-Identifier: MIT
#include "tools/qmpshot/report.h"

#include "encode/base64.h"
#include "encode/content.h"
#include "qmp/json.h"
#include "tools/qmpshot/table.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace qmpshot::tools {
namespace {

double milliseconds(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count()) / 1e6;
}

// "2026-05-04T03:02:01.123Z"
std::string utc_text(std::chrono::system_clock::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  const auto fraction = std::chrono::duration_cast<std::chrono::milliseconds>(
                            when.time_since_epoch() % std::chrono::seconds(1))
                            .count();
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  return std::string(text.data(), size) + "." + std::to_string(1000 + fraction).substr(1) + "Z";
}

std::string_view kind_text(const Display& display) {
  return display.kind == DisplayKind::text ? "text" : "graphic";
}

}  // namespace

std::string frame_json(const Frame& frame, const PictureFile& file,
                       const encode::Encoder& encoder) {
  qmp::JsonWriter writer;
  writer.begin_object();
  writer.key("image").string(encode::base64(file.bytes));
  writer.key("content_type").string(encoder.content_type);
  writer.key("width").integer(file.size.width_px);
  writer.key("height").integer(file.size.height_px);
  writer.key("index").integer(frame.display_index);
  writer.key("device").string_or_null(frame.device_id);
  writer.key("head").integer(frame.head);
  writer.key("route").string(name(frame.route));
  writer.key("placeholder").boolean(is_placeholder(frame.content));
  writer.key("content").string(name(frame.content));
  writer.key("hash").string(encode::content_hash(frame.image.view()));
  writer.key("taken_at").string(utc_text(frame.taken_at));
  writer.key("qemu_ms").number(milliseconds(frame.qemu_time));
  writer.key("qemu_version").string(frame.qemu_version);
  if (frame.vm) {
    writer.key("vm").begin_object();
    writer.key("name").string_or_null(frame.vm->name);
    writer.key("uuid").string(frame.vm->uuid);
    writer.key("status").string(frame.vm->status).end_object();
  }
  return writer.end_object().text();
}

std::string displays_json(const std::vector<Display>& displays) {
  qmp::JsonWriter writer;
  writer.begin_array();
  for (const Display& display : displays) {
    writer.begin_object();
    writer.key("index").integer(display.index);
    writer.key("kind").string(kind_text(display));
    writer.key("device").string_or_null(display.device_id);
    writer.key("head").integer(display.head);
    writer.key("type").string_or_null(display.device_type);
    writer.key("can_be_grabbed").boolean(display.can_be_grabbed());
    writer.key("why_not").string_or_null(display.why_not);
    writer.end_object();
  }
  return writer.end_array().text();
}

std::string displays_table(const std::vector<Display>& displays) {
  std::vector<std::vector<std::string>> rows = {
      {"INDEX", "KIND", "DEVICE", "HEAD", "TYPE", "CAN BE GRABBED"}};
  for (const Display& display : displays) {
    const bool text = display.kind == DisplayKind::text;
    rows.push_back({std::to_string(display.index), std::string(kind_text(display)),
                    display.device_id.empty() ? "-" : display.device_id,
                    text ? "-" : std::to_string(display.head),
                    display.device_type.empty() ? "-" : display.device_type,
                    display.can_be_grabbed() ? "yes" : "no: " + display.why_not});
  }
  return table(rows);
}

std::string stats_text(const Frame& frame, const std::vector<Step>& own_steps) {
  std::string out;
  double total = 0;
  const auto line = [&](std::string_view step, double ms) {
    std::array<char, 64> text{};
    (void)std::snprintf(text.data(), text.size(), "%-14.*s %9.3f ms\n",
                        static_cast<int>(step.size()), step.data(), ms);
    out += text.data();
  };
  for (const auto* steps : {&frame.steps, &own_steps}) {
    for (const Step& step : *steps) {
      total += milliseconds(step.took);
      line(step.name, milliseconds(step.took));
    }
  }
  line("all", total);
  for (const std::string& note : frame.notes) out += note + "\n";
  for (const RouteRefusal& refusal : frame.refusals) {
    out += "not by route " + std::string(name(refusal.route)) + ": " + refusal.why.message() + "\n";
  }
  return out;
}

}  // namespace qmpshot::tools
