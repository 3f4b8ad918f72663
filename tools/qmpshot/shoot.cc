// SPDX-License-Identifier: MIT
#include "tools/qmpshot/shoot.h"

#include "encode/warm_up.h"
#include "tools/qmpshot/delivery.h"
#include "tools/qmpshot/grab.h"
#include "tools/qmpshot/report.h"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace qmpshot::tools {
namespace {

// "vm.png" and 1 give "vm-1.png".
std::string numbered(const std::string& path, std::uint32_t index) {
  const std::size_t name_begin = path.rfind('/') + 1;  // npos + 1 is 0
  std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || dot <= name_begin) dot = path.size();
  return path.substr(0, dot) + "-" + std::to_string(index) + path.substr(dot);
}

void tell_what_is_left_out(const Gallery& gallery) {
  for (const Display& display : gallery.displays) {
    if (display.can_be_grabbed()) continue;
    std::fprintf(stderr, "qmpshot: leaving out display %u: %s\n", display.index,
                 display.why_not.c_str());
  }
  for (const Error& error : gallery.errors) {
    std::fprintf(stderr, "qmpshot: leaving out %s\n", error.what());
  }
}

Result<void> all_as_json(const Options& options, const std::vector<Frame>& frames) {
  std::string out;
  for (const Frame& frame : frames) {
    Result<std::string> one = as_json(options, frame);
    if (!one) return one.error();
    out += (out.empty() ? "[" : ",") + *one;
  }
  return deliver_line((out.empty() ? "[" : out) + "]", options.output);
}

Result<void> each_to_its_file(const Options& options, const std::vector<Frame>& frames) {
  for (const Frame& frame : frames) {
    const std::string path = numbered(options.output, frame.display_index);
    if (Result<void> done = hand_over(options, frame, path); !done) return done;
    if (Result<void> told = deliver_line(path, "-"); !told) return told;
  }
  return {};
}

}  // namespace

// Called once in a process. The frame is never freed: the process ends now, and to unmap its memory
// first means one TLB flush more, 4 % of a picture's time in VMs whose page faults are dear.
// Static, so that LeakSanitizer knows who holds it.
Result<void> shoot_one(const Options& options) {
  Meanwhile meanwhile;
  meanwhile.it_dumps = [&] {
    if (!wants_preview(options)) encode::warm_up(*options.encoder, options.encode_options);
  };
  if (wants_console_png(options)) {
    meanwhile.encode = [&](encode::RowSource& rows) { return console_png(options, rows); };
  }
  static Result<capture::OneShot>& shot =
      *new Result<capture::OneShot>(grab_one(options.socket, options.request, meanwhile));
  if (!shot) return shot.error();
  return hand_over(options, shot->frame, options.output, std::move(shot->file));
}

Result<void> shoot_all(const Options& options) {
  Result<Gallery> gallery = grab_all(options.socket, options.request);
  if (!gallery) return gallery.error();
  tell_what_is_left_out(*gallery);
  Result<void> done = options.form == Form::json ? all_as_json(options, gallery->frames)
                                                 : each_to_its_file(options, gallery->frames);
  if (done && !gallery->errors.empty()) return gallery->errors.front();
  return done;
}

Result<void> list(const Options& options) {
  Result<std::vector<Display>> displays = list_displays(options.socket, options.request);
  if (!displays) return displays.error();
  std::string text =
      options.form == Form::json ? displays_json(*displays) : displays_table(*displays);
  if (text.ends_with('\n')) text.pop_back();
  return deliver_line(std::move(text), options.output);
}

}  // namespace qmpshot::tools
