// SPDX-License-Identifier: MIT
// What a screenshot costs, beside the least it could cost and what people do today. Prints
// Markdown; scripts/bench builds and runs it.
//
//   screenshots ROUNDS median|fastest [floor] [processes] [faults] [frames] [silence] [start]
//     all tables unless named
#include "tests/bench/side_by_side.h"
#include "tests/support/real_qemu.h"
#include "tests/support/temp_folder.h"

#include <qmpshot/camera.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <thread>

namespace qmpshot::bench {
namespace {

using Words = std::vector<std::string>;

// As it is installed, by copying it. What a linker writes, here and there, lies in the page cache
// in small pieces, each of which is mapped by itself: 0.1 ms of a start.
std::string installed(const char* built) {
  static const test::TempFolder folder;
  const std::string copy = folder.file(std::filesystem::path(built).filename());
  std::filesystem::copy_file(built, copy);
  return copy;
}

const std::string& program() {
  static const std::string path = installed(QMPSHOT_PROGRAM);
  return path;
}

const std::string& floor_program() {
  static const std::string path = installed(QMPSHOT_FLOOR);
  return path;
}

struct Screen {
  std::string name;
  std::unique_ptr<test::RealQemu> vm;
};

std::vector<Screen> boot_screens() {
  std::vector<Screen> screens;
  const auto boot = [&](const char* name, test::Guest guest) {
    test::QemuOptions options({"-nodefaults", "-vga", "std"});
    options.guest = guest;
    options.monitors = 2;
    screens.push_back({name, std::make_unique<test::RealQemu>(options)});
  };
  boot("a log, 720x400", test::Guest::log);
  boot("all glyphs, 720x400", test::Guest::text);
  boot("1024x768", test::Guest::colours);
  boot("1920x1080", test::Guest::wide);
  return screens;
}

bool shell_succeeds(const std::string& command) {
  return std::system(("{ " + command + "; } >/dev/null 2>&1").c_str()) == 0;
}

// The distribution's; what stands before it in PATH may be a script that looks for one.
std::string interpreter() {
  return ::access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3";
}

// `title`, then a row for each way and a column for each screen. What `unit` is to `base`'s row is
// added in brackets, where there is one.
void print_table(const std::string& title, const std::vector<std::string>& columns,
                 const std::vector<std::string>& rows,
                 const std::vector<std::vector<double>>& by_column, std::size_t base) {
  std::printf("| %s |", title.c_str());
  for (const std::string& column : columns) std::printf(" %s |", column.c_str());
  std::printf("\n|---|");
  for (std::size_t i = 0; i < columns.size(); ++i) std::printf("---:|");
  std::printf("\n");
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::printf("| %s |", rows[row].c_str());
    for (const std::vector<double>& column : by_column) {
      std::printf(" %s", cell(column[row]).c_str());
      if (row != base && !std::isnan(column[row])) {
        std::printf(" (%.2f)", column[row] / column[base]);
      }
      std::printf(" |");
    }
    std::printf("\n");
  }
  std::printf("\n");
  std::fflush(stdout);
}

// --- one screenshot, a whole process ------------------------------------------------------------

// What people write today, as shell scripts, or Python where that speaks QMP.
std::string socat(const std::string& socket, const std::string& file, const std::string& more) {
  return R"(printf '%s' '{"execute":"qmp_capabilities"}{"execute":"screendump","arguments":)"
         R"({"filename":")" +
         file + "\"" + more + "}}' | socat - UNIX-CONNECT:" + socket + " >/dev/null";
}

std::string python(const std::string& socket, const std::string& file) {
  return "import json,socket\n"
         "s=socket.socket(socket.AF_UNIX);s.connect('" +
         socket +
         "');f=s.makefile('rw')\n"
         "f.readline()\n"
         "def run(name,**a):\n"
         "  f.write(json.dumps({'execute':name,'arguments':a})+'\\n');f.flush()\n"
         "  while 'return' not in (r:=json.loads(f.readline())): assert 'error' not in r\n"
         "run('qmp_capabilities');run('screendump',filename='" +
         file + "')\n";
}

Way process(std::string name, Words command) {
  return {std::move(name), [command = std::move(command)] { return run_ms(command); }};
}

Way floor_shot(const test::RealQemu& vm) {
  return process("the floor: a minimal C client, nothing encoded", {floor_program(), vm.socket()});
}

// To a file that is not there yet.
Way shot_by(const std::string& name, const test::RealQemu& vm, const std::string& qmpshot,
            const std::string& file, const Words& more = {}) {
  Words command = {qmpshot, "--socket", vm.socket(), "-o", file};
  command.insert(command.end(), more.begin(), more.end());
  return {name, [file, command = std::move(command)] {
            (void)::unlink(file.c_str());
            return run_ms(command);
          }};
}

// Another qmpshot that is to be measured too.
const char* other_program() {
  return std::getenv("QMPSHOT_OTHER");
}

// Floor and qmpshot by themselves: what others leave in the caches is their affair.
std::vector<Way> beside_floor(const test::RealQemu& vm, const test::TempFolder& folder) {
  std::vector<Way> ways = {floor_shot(vm),
                           shot_by("**`qmpshot -o a.png`**", vm, program(), folder.file("a.png"))};
  if (const char* other = other_program()) {
    ways.push_back(shot_by("QMPSHOT_OTHER", vm, other, folder.file("a.png")));
  }
  return ways;
}

std::vector<Way> one_shots(const test::RealQemu& vm, const test::TempFolder& folder) {
  const std::string socket = vm.socket();
  const std::string ppm = folder.file("today.ppm");
  const std::string png = folder.file("today.png");
  const std::string converted = "pnmtopng " + ppm + " >" + png;
  std::vector<Way> ways = {
      floor_shot(vm), shot_by("**`qmpshot -o a.png`**", vm, program(), folder.file("a.png")),
      process("the same, replacing a file",
              {program(), "--socket", socket, "-o", folder.file("old.png")}),
      shot_by("`qmpshot -o a.ppm`", vm, program(), folder.file("a.ppm")),
      shot_by("`qmpshot --format null`", vm, program(), folder.file("null"), {"--format", "null"})};
  if (const char* other = other_program()) {
    ways.push_back(shot_by("QMPSHOT_OTHER", vm, other, folder.file("a.png")));
  }
  const auto today = [&](std::string name, const std::string& needs, const std::string& script) {
    if (shell_succeeds(needs)) ways.push_back(process(std::move(name), {"sh", "-ec", script}));
  };
  today("socat, `pnmtopng`", "command -v socat && command -v pnmtopng",
        socat(socket, ppm, "") + "; " + converted);
  if (vm.version() >= qmp::Version{7, 1, 0}) {
    today("socat, PNG by QEMU", "command -v socat", socat(socket, png, R"(,"format":"png")"));
  }
  const std::string script = folder.file("today.py");
  std::ofstream(script) << python(socket, ppm);
  today("Python, `pnmtopng`", interpreter() + " -c pass && command -v pnmtopng",
        interpreter() + " " + script + "; " + converted);
  const std::string pillow = folder.file("pillow.py");
  std::ofstream(pillow) << python(socket, ppm) << "from PIL import Image\nImage.open('" << ppm
                        << "').save('" << png << "')\n";
  today("Python, Pillow", interpreter() + " -c 'import PIL'", interpreter() + " " + pillow);
  return ways;
}

// --- its page faults
// ------------------------------------------------------------------------------

std::vector<Way> faults(const test::RealQemu& vm, const test::TempFolder& folder) {
  const auto count = [](std::string name, Words command) {
    return Way{std::move(name), [command = std::move(command)] { return page_faults(command); }};
  };
  const Words rest = {"--socket", vm.socket(), "-o", folder.file("a.png")};
  const auto shot = [&](std::string name, const std::string& qmpshot) {
    Words command = {qmpshot};
    command.insert(command.end(), rest.begin(), rest.end());
    return count(std::move(name), std::move(command));
  };
  std::vector<Way> ways = {count("the floor", {floor_program(), vm.socket()}),
                           shot("**`qmpshot -o a.png`**", program())};
  if (const char* other = other_program()) ways.push_back(shot("QMPSHOT_OTHER", other));
  return ways;
}

// --- one connection ------------------------------------------------------------------------------

double camera_ms(const std::string& socket, int frames) {
  Result<Camera> camera = Camera::open(socket);
  if (!camera || !camera->grab()) return NAN;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < frames; ++i) {
    if (!camera->grab()) return NAN;
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  return took.count() / frames;
}

std::vector<Way> loops(const test::RealQemu& vm) {
  const std::string socket = vm.socket();
  constexpr int frames = 60;
  const std::string count = std::to_string(frames);
  return {{"the bare loop in C, each frame read into memory",
           [=] {
             return printed({floor_program(), socket, "loop", count, "read"});
           }},
          {"the bare loop in C, frames not looked at",
           [=] {
             return printed({floor_program(), socket, "loop", count});
           }},
          {"**`Camera::grab`**", [=] { return camera_ms(socket, frames); }}};
}

// --- what a second monitor hears -----------------------------------------------------------------

// The longest wait for an answer on the second monitor while `command` runs a few times.
double silence_ms(const test::RealQemu& vm, const Words& command) {
  constexpr auto pause = std::chrono::milliseconds(20);
  constexpr int times = 5;
  Measuring second({floor_program(), vm.socket(1), "silence"});
  std::this_thread::sleep_for(pause);
  for (int i = 0; i < times; ++i) {
    if (!command.empty() && std::isnan(run_ms(command))) return NAN;
    std::this_thread::sleep_for(pause);
  }
  return second.stop();
}

std::vector<Way> silences(const test::RealQemu& vm, const test::TempFolder& folder) {
  const auto during = [&vm](std::string name, Words command) {
    return Way{std::move(name),
               [&vm, command = std::move(command)] { return silence_ms(vm, command); }};
  };
  std::vector<Way> ways = {
      during("a bare PPM dump into memory", {floor_program(), vm.socket()}), during("nothing", {}),
      during("**`qmpshot -o a.png`**",
             {program(), "--socket", vm.socket(), "-o", folder.file("a.png")})};
  if (vm.version() >= qmp::Version{7, 1, 0}) {
    ways.push_back(during("PNG by QEMU", {program(), "--socket", vm.socket(), "--route", "png-file",
                                          "-o", folder.file("q.png")}));
  }
  return ways;
}

// --- process start -------------------------------------------------------------------------------

void print_start(int rounds) {
  std::vector<Way> ways = {process("`true`", {"/bin/true"}),
                           process("`qmpshot --version`", {program(), "--version"})};
  if (const char* other = other_program()) {
    ways.push_back(process("QMPSHOT_OTHER `--version`", {other, "--version"}));
  }
  ways.push_back(process("`python3 -c pass`", {interpreter(), "-c", "pass"}));
  std::vector<std::string> names;
  for (const Way& way : ways) names.push_back(way.name);
  print_table("process start, ms", {""}, names, {side_by_side(ways, rounds * 3)}, 0);
}

template <class MakeWays>
void print_for_screens(const std::string& title, const std::vector<Screen>& screens, int rounds,
                       MakeWays make_ways) {
  std::vector<std::string> columns;
  std::vector<std::string> rows;
  std::vector<std::vector<double>> results;
  for (const Screen& screen : screens) {
    const std::vector<Way> ways = make_ways(*screen.vm);
    (void)side_by_side(ways, 1);  // caches warm
    columns.push_back(screen.name);
    results.push_back(side_by_side(ways, rounds));
    rows.clear();
    for (const Way& way : ways) rows.push_back(way.name);
  }
  print_table(title, columns, rows, results, 0);
}

int run(int rounds, bool fastest, const Words& tables) {
  const test::TempFolder folder;
  const std::vector<Screen> screens = boot_screens();
  const auto wanted = [&](const char* table) {
    return tables.empty() || std::ranges::find(tables, table) != tables.end();
  };
  summarize_by_fastest(fastest);
  std::printf(
      "QEMU %s with TCG, the %s of %d rounds, one after the other in turn; in brackets the "
      "ratio to the first row.\n\n",
      screens.front().vm->version().text().c_str(), fastest ? "fastest" : "median", rounds);
  const int fewer = std::max(3, rounds / 3);
  if (wanted("floor")) {
    print_for_screens("one screenshot, these in turn and no others, ms", screens, 4 * rounds,
                      [&](const test::RealQemu& vm) { return beside_floor(vm, folder); });
  }
  if (wanted("processes")) {
    print_for_screens("one screenshot, a whole process, ms", screens, rounds,
                      [&](const test::RealQemu& vm) { return one_shots(vm, folder); });
  }
  if (wanted("faults")) {
    print_for_screens("page faults of one screenshot", screens, 3,
                      [&](const test::RealQemu& vm) { return faults(vm, folder); });
  }
  if (wanted("frames")) {
    print_for_screens("ms a frame on one connection", screens, fewer, loops);
  }
  if (wanted("silence")) {
    print_for_screens("longest silence of a second monitor during, ms", screens, fewer,
                      [&](const test::RealQemu& vm) { return silences(vm, folder); });
  }
  if (wanted("start")) print_start(rounds);
  return 0;
}

}  // namespace
}  // namespace qmpshot::bench

int main(int argc, char** argv) {
  try {
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
    const bool fastest = argc > 2 && std::string_view(argv[2]) == "fastest";
    return qmpshot::bench::run(rounds, fastest, {argv + std::min(argc, 3), argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "screenshots: %s\n", error.what());
    return 1;
  }
}
