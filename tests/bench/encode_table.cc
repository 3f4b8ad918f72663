// SPDX-License-Identifier: MIT
// Speed and size of every encoder beside libpng's default, as Markdown. All take turns on a frame,
// A B A B, and medians count; what an encoder wrote is decoded by another's reader and compared
// before it counts. scripts/bench-encode runs it; tests/bench/README.md says more.
#include "encode/compare.h"
#include "encode/kernels.h"
#include "tests/bench/contenders.h"
#include "tests/bench/frames.h"
#include "tests/bench/timing.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace qmpshot::bench {
namespace {

struct Options {
  bool cold = false;
  bool cpu_time = false;  // instead of the clock on the wall
  bool each_frame = false;
  bool others = true;
  bool small = true;
  int rounds = 9;
  std::string only;    // frames whose name holds it
  std::string folder;  // of the collection
  std::string guests;  // of other guests' frames; empty: none
};

// One encoder on one frame, against the reference on the same frame in the same rounds.
struct Score {
  double ms = 0;
  double speed = 0;
  double size = 0;
  std::size_t bytes = 0;
};

void must_decode(const Contender& contender, const Bytes& file, const Frame& frame) {
  const Image back = contender.decode(file);
  const double db = encode::psnr_db(back.view(), frame.image.view());
  if (contender.lossless ? !std::isinf(db) : db < 25) {
    std::fprintf(stderr, "%s on %s: decodes to other pixels\n", contender.name.c_str(),
                 frame.name.c_str());
    std::exit(1);
  }
}

template <class Work>
double time(Work&& work, const Options& options) {
  if (!options.cpu_time) return milliseconds(work);
  const double before = cpu_milliseconds();
  work();
  return cpu_milliseconds() - before;
}

// A fast encoder gets several goes a turn, all of which count; a program gets three turns, what
// takes long gets two.
std::vector<Score> measure(const Frame& frame, const std::vector<Contender>& all,
                           const Options& options) {
  const ImageView& image = frame.image.view();
  std::vector<std::vector<double>> times(all.size());
  std::vector<std::size_t> sizes(all.size());
  for (int round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (round >= 3 && all[i].process) continue;
      if (round >= 2 && times[i].back() > 300) continue;
      double turn_ms = 0;
      for (int go = 0; go < 5 && turn_ms < 4; ++go) {
        Bytes out;
        if (options.cold) evict(image.pixels);
        times[i].push_back(time([&] { all[i].encode(image, out); }, options));
        turn_ms += times[i].back();
        if (round == 0 && go == 0) must_decode(all[i], out, frame);
        sizes[i] = out.size();
      }
    }
  }
  std::vector<Score> scores(all.size());
  const double reference_ms = median(times[0]);
  for (std::size_t i = 0; i < all.size(); ++i) {
    scores[i].ms = median(times[i]);
    scores[i].bytes = sizes[i];
    scores[i].speed = reference_ms / scores[i].ms;
    scores[i].size = static_cast<double>(sizes[i]) / static_cast<double>(sizes[0]);
  }
  return scores;
}

using Scores = std::vector<std::vector<Score>>;  // a frame's, each of every encoder

struct Measured {
  FrameClass frame_class;
  FrameSource source;
  std::vector<Score> scores;
};

// "minimum / geometric mean / maximum"
std::string spread(const Scores& frames, std::size_t encoder, double Score::*what,
                   const char* form) {
  double least = 1e300, most = 0, logs = 0;
  for (const auto& scores : frames) {
    const double value = scores[encoder].*what;
    least = std::min(least, value);
    most = std::max(most, value);
    logs += std::log(value);
  }
  const auto text = [form](double value) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, form, value);
    return std::string(buffer);
  };
  return text(least) + " / **" + text(std::exp(logs / static_cast<double>(frames.size()))) +
         "** / " + text(most);
}

void print_classes(const std::vector<Measured>& measured, const std::vector<Contender>& all) {
  std::map<FrameClass, Scores> classes;
  for (const Measured& one : measured) classes[one.frame_class].push_back(one.scores);
  std::printf(
      "Speed-up over libpng's default and size beside it: minimum / **geometric mean** / "
      "maximum over the frames of a class.\n\n| encoder |");
  for (const auto& [frame_class, frames] : classes) {
    const std::string title(name(frame_class));
    std::printf(" %s (%zu): speed | size |", title.c_str(), frames.size());
  }
  std::printf("\n|---|");
  for (std::size_t i = 0; i < classes.size(); ++i) std::printf("---|---|");
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::printf("\n| %s |", all[i].name.c_str());
    for (const auto& [frame_class, frames] : classes) {
      std::printf(" %s | %s |", spread(frames, i, &Score::speed, "%.3g").c_str(),
                  spread(frames, i, &Score::size, "%.3f").c_str());
    }
  }
  std::printf("\n");
}

// Each class by where its frames are from: our PNG, with one thread and where it was measured with
// more.
void print_sources(const std::vector<Measured>& measured, const std::vector<Contender>& all) {
  std::printf("\n| class | frames |");
  std::vector<std::size_t> ours;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].name.starts_with("qmpshot png") || all[i].name.ends_with("--small")) continue;
    ours.push_back(i);
    std::printf(" %s: speed |", all[i].name.c_str());
  }
  std::printf(" size |\n|---|---|---|");
  for (std::size_t i = 0; i < ours.size(); ++i) std::printf("---|");
  std::printf("\n");
  const auto print_row = [&](FrameClass frame_class, std::string_view source,
                             const Scores& frames) {
    std::printf("| %s | %s (%zu) |", std::string(name(frame_class)).c_str(),
                std::string(source).c_str(), frames.size());
    for (const std::size_t i : ours) {
      std::printf(" %s |", spread(frames, i, &Score::speed, "%.3g").c_str());
    }
    std::printf(" %s |\n", spread(frames, ours.front(), &Score::size, "%.3f").c_str());
  };
  std::map<FrameClass, std::map<FrameSource, Scores>> groups;
  for (const Measured& one : measured) {
    groups[one.frame_class][one.source].push_back(one.scores);
  }
  for (const auto& [frame_class, sources] : groups) {
    Scores all_sources;
    for (const auto& [source, frames] : sources) {
      print_row(frame_class, name(source), frames);
      std::ranges::copy(frames, std::back_inserter(all_sources));
    }
    print_row(frame_class, "all", all_sources);
  }
}

void print_frame(const Frame& frame, const std::vector<Score>& scores,
                 const std::vector<Contender>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::printf("| %s | %s | %.3f | %zu | %.2f | %.3f |\n", frame.name.c_str(), all[i].name.c_str(),
                scores[i].ms, scores[i].bytes, scores[i].speed, scores[i].size);
  }
  std::fflush(stdout);
}

std::vector<Contender> contenders(const Options& options) {
  std::vector<Contender> all = {libpng_default()};
  for (Contender& one : our_encoders()) {
    if (options.small || !one.name.ends_with("--small")) all.push_back(std::move(one));
  }
  if (!options.others) return all;
  for (Contender& one : other_encoders()) {
    if (!options.cold || !one.process) all.push_back(std::move(one));
  }
  return all;
}

int run(const Options& options) {
  std::vector<Frame> frames = collection(options.folder);
  std::vector<Frame> drawn = drawn_frames(frames);
  if (!options.guests.empty()) {
    std::ranges::move(guest_frames(options.guests), std::back_inserter(frames));
  }
  std::ranges::move(drawn, std::back_inserter(frames));
  const std::vector<Contender> all = contenders(options);
  std::vector<Measured> measured;
  if (options.each_frame) {
    std::printf("| frame | encoder | ms | bytes | speed | size |\n|---|---|---|---|---|---|\n");
  }
  for (const Frame& frame : frames) {
    if (frame.name.find(options.only) == std::string::npos) continue;
    std::fprintf(stderr, "%s\n", frame.name.c_str());
    std::vector<Score> scores = measure(frame, all, options);
    if (options.each_frame) print_frame(frame, scores, all);
    measured.push_back({frame.frame_class, frame.source, std::move(scores)});
  }
  std::printf("\nCPU target %s, %s, %s.\n", std::string(name(encode::cpu_target())).c_str(),
              options.cold ? "pixels not in any cache" : "pixels in cache as far as they fit",
              options.cpu_time ? "CPU time" : "wall clock");
  print_classes(measured, all);
  print_sources(measured, all);
  return 0;
}

}  // namespace
}  // namespace qmpshot::bench

int main(int argc, char** argv) {
  qmpshot::bench::Options options;
  options.folder = QMPSHOT_TEST_DATA "/frames";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--cold") {
      options.cold = true;
    } else if (word == "--cpu-time") {
      options.cpu_time = true;
    } else if (word == "--each-frame") {
      options.each_frame = true;
    } else if (word == "--ours") {
      options.others = false;
    } else if (word == "--no-small") {
      options.small = false;
    } else if (word == "--rounds" && i + 1 < argc) {
      options.rounds = std::max(1, std::atoi(argv[++i]));
    } else if (word == "--guests" && i + 1 < argc) {
      options.guests = argv[++i];
    } else if (word == "--only" && i + 1 < argc) {
      options.only = argv[++i];
    } else {
      std::fprintf(stderr,
                   "usage: encode_table [--cold] [--cpu-time] [--each-frame] [--ours] [--no-small] "
                   "[--rounds N] [--guests FOLDER] "
                   "[--only PART_OF_A_FRAME'S_NAME]\n");
      return 2;
    }
  }
  try {
    return qmpshot::bench::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "encode_table: %s\n", error.what());
    return 1;
  }
}
