// SPDX-License-Identifier: MIT
#include "tools/qmpshot/delivery.h"

#include "capture/stopwatch.h"
#include "encode/base64.h"
#include "qmp/json.h"
#include "tools/qmpshot/log.h"
#include "tools/qmpshot/output.h"
#include "tools/qmpshot/preview.h"
#include "tools/qmpshot/report.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <span>
#include <utility>

namespace qmpshot::tools {
namespace {

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

Result<void> deliver(std::span<const std::byte> bytes, const std::string& output) {
  return output.empty() || output == "-" ? write_stdout(bytes) : save(bytes, output);
}

std::string size_text(const Frame& frame) {
  return std::to_string(frame.image.view().width_px) + "x" +
         std::to_string(frame.image.view().height_px);
}

void tell(const Frame& frame) {
  verbose("QEMU " + frame.qemu_version + ", " + size_text(frame) + " by route " +
          std::string(name(frame.route)) + ", content: " + std::string(name(frame.content)));
  for (const std::string& note : frame.notes) verbose(note);
  for (const RouteRefusal& refusal : frame.refusals) {
    verbose("not by route " + std::string(name(refusal.route)) + ": " + refusal.why.message());
  }
}

// One word for a shell, and for the terminal it is shown on.
std::string shell_word(std::string_view text) {
  std::string quoted = "'";
  for (const char c : qmp::printable(text)) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  const bool plain = text.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789/._-+:@%,") == std::string_view::npos;
  return plain && !text.empty() ? std::string(text) : quoted + "'";
}

// The command that saves what the preview shows.
std::string save_command(const Options& options) {
  std::string command = "qmpshot --socket " + shell_word(options.socket);
  const DisplayChoice& display = options.request.display;
  if (!display.is_first_console()) {
    command +=
        " --device " + shell_word(display.device_id) + " --head " + std::to_string(display.head);
  }
  return command + " -o console.png";
}

void add(std::vector<Step>& to, std::vector<Step> steps) {
  to.insert(to.end(), steps.begin(), steps.end());
}

}  // namespace

bool wants_preview(const Options& options) noexcept {
  return options.form == Form::file && options.output.empty() && ::isatty(STDOUT_FILENO) == 1;
}

Result<void> deliver_line(std::string text, const std::string& output) {
  text.push_back('\n');
  return deliver(as_bytes(text), output);
}

Delivery::Delivery(const Options& options, Frame frame)
    : options_(options), frame_(std::move(frame)) {
  if (options.verbose) tell(frame_);
}

bool Delivery::encodes_quickly() const noexcept {
  return options_.shape.as_it_is() && !options_.encode_options.small;
}

encode::EncodeOptions Delivery::encode_options() const {
  encode::EncodeOptions out = options_.encode_options;
  if (!options_.text) return out;
  if (frame_.vm) out.title = qmp::printable(frame_.vm->name);
  out.source = "qmpshot " QMPSHOT_VERSION;
  out.taken_at = std::chrono::floor<std::chrono::seconds>(frame_.taken_at);
  return out;
}

void Delivery::encode() {
  capture::Stopwatch watch;
  file_ = make_file(frame_, options_.shape, *options_.encoder, encode_options());
  watch.lap("encode");
  add(steps_, watch.take_steps());
  // Nobody looks at the pixels again, and giving back their memory takes as long as encoding them.
  if (options_.form != Form::json) frame_.image = Image();
}

Result<std::string> Delivery::json() {
  if (!file_) encode();
  if (!*file_) return file_->error();
  return frame_json(frame_, **file_, *options_.encoder);
}

Result<void> Delivery::write(const std::string& output) {
  if (options_.form == Form::json) {
    Result<std::string> text = json();
    if (!text) return text.error();
    return deliver_line(std::move(*text), output);
  }
  const std::vector<std::byte>& bytes = (*file_)->bytes;
  if (options_.form == Form::base64) return deliver_line(encode::base64(bytes), output);
  if (options_.encoder->name == "null") return {};
  return deliver(bytes, output);
}

Result<void> Delivery::preview() {
  Result<Image> image = shaped(frame_.image, options_.shape);
  if (!image) return image.error();
  Result<std::string> drawn = draw_preview(image->view(), terminal_size());
  if (!drawn) return drawn.error();
  return write_stdout(
      as_bytes(*drawn + size_text(frame_) + ". To save it: " + save_command(options_) + "\n"));
}

Result<void> Delivery::hand_over(const std::string& output) {
  const bool as_preview = wants_preview(options_);
  if (!as_preview && !file_) encode();
  if (file_ && !*file_) return file_->error();
  capture::Stopwatch watch;
  Result<void> done = as_preview ? preview() : write(output);
  watch.lap(as_preview ? "preview" : "save");
  add(steps_, watch.take_steps());
  if (done && options_.stats) std::fputs(stats_text(frame_, steps_).c_str(), stderr);
  return done;
}

}  // namespace qmpshot::tools
