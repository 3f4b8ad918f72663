// SPDX-License-Identifier: MIT
// qmpshot: the screen of a running VM, on the terminal, in a file or in a pipe.
#include "capture/stopwatch.h"
#include "encode/base64.h"
#include "tools/qmpshot/choose_socket.h"
#include "tools/qmpshot/exit_status.h"
#include "tools/qmpshot/grab.h"
#include "tools/qmpshot/log.h"
#include "tools/qmpshot/options.h"
#include "tools/qmpshot/output.h"
#include "tools/qmpshot/preview.h"
#include "tools/qmpshot/report.h"
#include "tools/qmpshot/vms.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace qmpshot::tools {
namespace {

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

Result<void> deliver(std::span<const std::byte> bytes, const std::string& output) {
  return output.empty() || output == "-" ? write_stdout(bytes) : save(bytes, output);
}

Result<void> deliver_line(std::string text, const std::string& output) {
  text.push_back('\n');
  return deliver(as_bytes(text), output);
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

// One frame to `output`, in the form asked for.
Result<void> hand_over(const Options& options, const Frame& frame, const std::string& output) {
  tell(options, frame);
  capture::Stopwatch watch;
  Result<PictureFile> file =
      make_file(frame, options.shape, *options.encoder, options.encode_options);
  if (!file) return file.error();
  watch.lap("encode");
  Result<void> done;
  switch (options.form) {
    case Form::file:
      if (options.encoder->name != "null") done = deliver(file->bytes, output);
      break;
    case Form::base64: done = deliver_line(encode::base64(file->bytes), output); break;
    case Form::json: done = deliver_line(frame_json(frame, *file, *options.encoder), output); break;
  }
  watch.lap("save");
  if (done && options.stats) std::fputs(stats_text(frame, watch.take_steps()).c_str(), stderr);
  return done;
}

// The command that saves what the preview shows.
std::string save_command(const Options& options) {
  std::string command = "qmpshot --socket " + options.socket;
  const DisplayChoice& display = options.request.display;
  if (!display.is_first_console()) {
    command += " --device " + display.device_id + " --head " + std::to_string(display.head);
  }
  return command + " -o console.png";
}

Result<void> show(const Options& options, const Frame& frame) {
  tell(options, frame);
  capture::Stopwatch watch;
  Result<Image> image = shaped(frame.image, options.shape);
  if (!image) return image.error();
  Result<std::string> drawn = draw_preview(image->view(), terminal_size());
  if (!drawn) return drawn.error();
  watch.lap("preview");
  const Result<void> done = write_stdout(
      as_bytes(*drawn + size_text(frame) + ". To save it: " + save_command(options) + "\n"));
  if (done && options.stats) std::fputs(stats_text(frame, watch.take_steps()).c_str(), stderr);
  return done;
}

Result<void> shoot_one(const Options& options) {
  Result<Frame> frame = grab_one(options.socket, options.request);
  if (!frame) return frame.error();
  const bool preview =
      options.form == Form::file && options.output.empty() && ::isatty(STDOUT_FILENO) == 1;
  return preview ? show(options, *frame) : hand_over(options, *frame, options.output);
}

// "vm.png" and 1 give "vm-1.png".
std::string numbered(const std::string& path, std::uint32_t index) {
  const std::size_t name_begin = path.rfind('/') + 1;  // npos + 1 is 0
  std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || dot <= name_begin) dot = path.size();
  return path.substr(0, dot) + "-" + std::to_string(index) + path.substr(dot);
}

Result<void> gallery_json(const Options& options, const Gallery& gallery) {
  std::string out;
  for (const Frame& frame : gallery.frames) {
    tell(options, frame);
    Result<PictureFile> file =
        make_file(frame, options.shape, *options.encoder, options.encode_options);
    if (!file) return file.error();
    out += out.empty() ? "[" : ",";
    out += frame_json(frame, *file, *options.encoder);
  }
  out += out.empty() ? "[]" : "]";
  return deliver_line(std::move(out), options.output);
}

Result<void> first_error(const Gallery& gallery) {
  if (gallery.errors.empty()) return {};
  return gallery.errors.front();
}

Result<void> shoot_all(const Options& options) {
  Result<Gallery> gallery = grab_all(options.socket, options.request);
  if (!gallery) return gallery.error();
  for (const Display& display : gallery->displays) {
    if (display.can_be_grabbed()) continue;
    std::fprintf(stderr, "qmpshot: leaving out display %u: %s\n", display.index,
                 display.why_not.c_str());
  }
  for (const Error& error : gallery->errors) {
    std::fprintf(stderr, "qmpshot: leaving out %s\n", error.what());
  }
  if (options.form == Form::json) {
    const Result<void> done = gallery_json(options, *gallery);
    return done ? first_error(*gallery) : done;
  }
  for (const Frame& frame : gallery->frames) {
    const std::string path = numbered(options.output, frame.display_index);
    if (Result<void> done = hand_over(options, frame, path); !done) return done;
    if (Result<void> told = write_stdout(as_bytes(path + "\n")); !told) return told;
  }
  return first_error(*gallery);
}

Result<void> list(const Options& options) {
  Result<std::vector<Display>> displays = list_displays(options.socket, options.request);
  if (!displays) return displays.error();
  std::string text =
      options.form == Form::json ? displays_json(*displays) + "\n" : displays_table(*displays);
  return deliver(as_bytes(text), options.output);
}

Result<void> choose(Options& options) {
  Result<std::string> socket = choose_socket(options.sockets, options.vm, options.request.timeout);
  if (!socket) return socket.error();
  options.socket = std::move(*socket);
  verbose("socket " + options.socket);
  return {};
}

// What the command line offers against it.
const char* advice(Errc code) {
  switch (code) {
    case Errc::timed_out: return ": a longer --timeout may help";
    case Errc::no_picture: return ": try --wake, or a longer --wait-content";
    default: return "";
  }
}

int run(Options options) {
  if (options.verbose) start_verbose_log();
  Result<void> done = choose(options);
  if (done)
    done = options.list ? list(options) : options.all ? shoot_all(options) : shoot_one(options);
  if (done) return exit_status::done;
  if (const int signal = interrupted_by(); signal != 0) {
    // Everything is taken back: now end as the signal asked, so that the shell knows.
    (void)::raise(signal);
  }
  std::fprintf(stderr, "qmpshot: %s%s\n", done.error().what(), advice(done.error().code()));
  return exit_status::of(done.error().code());
}

}  // namespace
}  // namespace qmpshot::tools

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error like any other,
  std::signal(SIGXFSZ, SIG_IGN);  // and so is a file above `ulimit -f`
  try {
    if (argc > 1 && std::string_view(argv[1]) == "vms") {
      return qmpshot::tools::run_vms(argc - 1, argv + 1);
    }
    auto options = qmpshot::tools::parse_options(argc, argv);
    if (const int* status = std::get_if<int>(&options)) return *status;
    return qmpshot::tools::run(std::get<qmpshot::tools::Options>(std::move(options)));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "qmpshot: out of memory: %s\n", error.what());
    return qmpshot::tools::exit_status::of(qmpshot::Errc::cannot_write);
  }
}
