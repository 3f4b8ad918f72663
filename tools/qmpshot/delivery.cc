// SPDX-License-Identifier: MIT
#include "tools/qmpshot/delivery.h"

#include "capture/stopwatch.h"
#include "encode/base64.h"
#include "encode/png.h"
#include "qmp/json.h"
#include "tools/qmpshot/log.h"
#include "tools/qmpshot/output.h"
#include "tools/qmpshot/picture.h"
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

void tell(const Options& options, const Frame& frame) {
  if (!options.verbose) return;
  verbose("QEMU " + frame.qemu_version + ", " + size_text(frame) + " by route " +
          std::string(name(frame.route)) + ", content: " + std::string(name(frame.content)));
  for (const std::string& note : frame.notes) verbose(note);
  for (const RouteRefusal& refusal : frame.refusals) {
    verbose("not by route " + std::string(name(refusal.route)) + ": " + refusal.why.message());
  }
}

void tell_times(const Options& options, const Frame& frame, capture::Stopwatch& own) {
  if (options.stats) std::fputs(stats_text(frame, own.take_steps()).c_str(), stderr);
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

encode::EncodeOptions encode_options(const Options& options, const Frame& frame) {
  encode::EncodeOptions out = options.encode_options;
  if (!options.text) return out;
  if (frame.vm) out.title = qmp::printable(frame.vm->name);
  out.source = "qmpshot " QMPSHOT_VERSION;
  out.taken_at = std::chrono::floor<std::chrono::seconds>(frame.taken_at);
  return out;
}

// Whether a console of so many pixels takes a millisecond at the most.
bool is_quick(const encode::RowSource& rows) {
  constexpr std::uint64_t most_px = std::uint64_t{1024} * 768;
  return std::uint64_t{rows.width_px} * rows.height_px <= most_px;
}

Result<PictureFile> encoded(const Options& options, const Frame& frame, capture::Stopwatch& watch) {
  Result<PictureFile> file =
      make_file(frame, options.shape, *options.encoder, encode_options(options, frame));
  watch.lap("encode");
  return file;
}

Result<void> write(const Options& options, const Frame& frame, const PictureFile& file,
                   const std::string& output) {
  switch (options.form) {
    case Form::json: return deliver_line(frame_json(frame, file, *options.encoder), output);
    case Form::base64: return deliver_line(encode::base64(file.bytes), output);
    case Form::file: break;
  }
  if (options.encoder->name == "null") return {};
  return deliver(file.bytes, output);
}

Result<void> preview(const Options& options, const Frame& frame) {
  Result<Image> image = shaped(frame.image, options.shape);
  if (!image) return image.error();
  Result<std::string> drawn = draw_preview(image->view(), terminal_size());
  if (!drawn) return drawn.error();
  return write_stdout(
      as_bytes(*drawn + size_text(frame) + ". To save it: " + save_command(options) + "\n"));
}

}  // namespace

bool wants_preview(const Options& options) noexcept {
  return options.form == Form::file && options.output.empty() && ::isatty(STDOUT_FILENO) == 1;
}

Result<void> deliver_line(std::string text, const std::string& output) {
  text.push_back('\n');
  return deliver(as_bytes(text), output);
}

Result<std::string> as_json(const Options& options, const Frame& frame) {
  tell(options, frame);
  capture::Stopwatch watch;
  Result<PictureFile> file = encoded(options, frame, watch);
  if (!file) return file.error();
  tell_times(options, frame, watch);
  return frame_json(frame, *file, *options.encoder);
}

bool wants_console_png(const Options& options) noexcept {
  return options.encoder->name == "png" && !options.encode_options.small && !options.text &&
         options.shape.as_it_is() && !wants_preview(options);
}

// While rows come QEMU has the monitor anyway. Once they are there, others wait for us.
std::optional<std::vector<std::byte>> console_png(const Options& options, encode::RowSource& rows) {
  if (!rows.is_coming() && !is_quick(rows)) return std::nullopt;
  std::vector<std::byte> png;
  const Result<bool> made = encode::encode_console_png(rows, options.encode_options, png);
  if (!made || !*made) return std::nullopt;
  return png;
}

Result<void> hand_over(const Options& options, const Frame& frame, const std::string& output,
                       std::optional<std::vector<std::byte>> png) {
  tell(options, frame);
  capture::Stopwatch watch;
  Result<void> done;
  if (wants_preview(options)) {
    done = preview(options, frame);
    watch.lap("preview");
  } else {
    const ImageView& image = frame.image.view();
    Result<PictureFile> file = png ? PictureFile{std::move(*png), {image.width_px, image.height_px}}
                                   : encoded(options, frame, watch);
    if (!file) return file.error();
    done = write(options, frame, *file, output);
    watch.lap("save");
  }
  if (done) tell_times(options, frame, watch);
  return done;
}

}  // namespace qmpshot::tools
