// SPDX-License-Identifier: MIT
// Where the picture goes, and in which form.
#include "encode/base64.h"
#include "encode/encoder.h"
#include "tests/support/one_cpu.h"
#include "tests/tools/qmpshot_case.h"

#include <sys/stat.h>

#include <chrono>
#include <regex>

namespace qmpshot::test {
namespace {

class Output : public QmpshotCase {};

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

TEST_F(Output, FileShowsWhatQemuShows) {
  expect_success(shoot({"-o", file("a.png")}));
  EXPECT_TRUE(same_picture(read_file(file("a.png")), vm().ppm()));
}

TEST_F(Output, RedirectedStdoutIsThePng) {
  ProcessOptions options;
  options.output_path = file("a.png");
  expect_success(shoot({}, options));
  EXPECT_TRUE(same_picture(read_file(file("a.png")), vm().ppm()));
}

TEST_F(Output, PipeAndDashAreThePngToo) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, std::vector<std::string>{"-o", "-"}}) {
    const Finished run = shoot(arguments);
    expect_success(run);
    EXPECT_TRUE(same_picture(bytes(run.out), vm().ppm()));
  }
}

TEST_F(Output, PpmIsQemusOwnByteForByte) {
  const Finished run = shoot({"--format", "ppm"});
  expect_success(run);
  EXPECT_EQ(bytes(run.out), vm().ppm());
}

TEST_F(Output, ExtensionChoosesTheFormat) {
  expect_success(shoot({"-o", file("a.ppm")}));
  EXPECT_EQ(read_file(file("a.ppm")), vm().ppm());
}

TEST_F(Output, FormatBeatsTheExtension) {
  expect_success(shoot({"-o", file("a.ppm"), "--format", "png"}));
  EXPECT_TRUE(same_picture(read_file(file("a.ppm")), vm().ppm()));
}

TEST_F(Output, Base64IsTheFileAsOneLine) {
  const Finished run = shoot({"--base64", "--format", "ppm"});
  expect_success(run);
  EXPECT_EQ(run.out, encode::base64(vm().ppm()) + "\n");
}

TEST_F(Output, JsonHoldsThePictureAndWhatIsKnown) {
  const Finished run = shoot({"--json", "--format", "ppm"});
  expect_success(run);
  const qmp::Json json = qmp::Json::parse(run.out).value();
  EXPECT_EQ(json["image"].string(), encode::base64(vm().ppm()));
  EXPECT_EQ(json["content_type"].string(), "image/x-portable-pixmap");
  EXPECT_EQ(json["width"].integer(), 720);
  EXPECT_EQ(json["height"].integer(), 400);
  EXPECT_EQ(json["index"].integer(), 0);
  EXPECT_EQ(json["head"].integer(), 0);
  EXPECT_EQ(json["route"].string(), "fd");
  EXPECT_TRUE(std::regex_match(std::string(json["taken_at"].string().value_or("")),
                               std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
}

TEST_F(Output, JsonGoesIntoAFileToo) {
  const Finished run = shoot({"--json", "-o", file("a.json")});
  expect_success(run);
  EXPECT_EQ(run.out, "");
  const qmp::Json json = qmp::Json::parse(text(read_file(file("a.json")))).value();
  EXPECT_EQ(json["content_type"].string(), "image/png");
}

TEST_F(Output, ExistingFileKeepsItsMode) {
  write_file(file("a.png"), "old");
  ASSERT_EQ(::chmod(file("a.png").c_str(), 0604), 0);
  expect_success(shoot({"-o", file("a.png")}));
  EXPECT_EQ(mode_of(file("a.png")), mode_t{0604});
  EXPECT_TRUE(same_picture(read_file(file("a.png")), vm().ppm()));
}

TEST_F(Output, NewFileHasTheModeUmaskAsksFor) {
  const mode_t mask = ::umask(027);
  const Finished run = shoot({"-o", file("a.png")});
  ::umask(mask);
  expect_success(run);
  EXPECT_EQ(mode_of(file("a.png")), mode_t{0640});
}

TEST_F(Output, SymbolicLinkStaysAndItsTargetIsWritten) {
  write_file(file("target.png"), "old");
  std::filesystem::create_symlink("target.png", file("link.png"));
  expect_success(shoot({"-o", file("link.png")}));
  EXPECT_TRUE(std::filesystem::is_symlink(file("link.png")));
  EXPECT_TRUE(same_picture(read_file(file("target.png")), vm().ppm()));
}

TEST_F(Output, DanglingSymbolicLinkStaysAndItsTargetAppears) {
  std::filesystem::create_symlink("target.png", file("link.png"));
  expect_success(shoot({"-o", file("link.png")}));
  EXPECT_TRUE(std::filesystem::is_symlink(file("link.png")));
  EXPECT_TRUE(same_picture(read_file(file("target.png")), vm().ppm()));
}

TEST_F(Output, DeviceIsWrittenToAndNotReplaced) {
  expect_success(shoot({"-o", "/dev/null"}));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(Output, PlainNameIsAFileInTheWorkingFolder) {
  ProcessOptions options;
  options.folder = folder().path();
  expect_success(shoot({"-o", "a.png"}, options));
  EXPECT_TRUE(same_picture(read_file(file("a.png")), vm().ppm()));
}

TEST_F(Output, EachRouteShowsTheSamePicture) {
  for (const std::string route : {"auto", "fd", "ppm-file"}) {
    const Finished run = shoot({"--route", route});
    expect_success(run);
    EXPECT_TRUE(same_picture(bytes(run.out), vm().ppm())) << route;
  }
}

TEST_F(Output, PngFileRouteIsRightOrSaysThatThisQemuIsTooOld) {
  const Finished run = shoot({"--route", "png-file"});
  if (vm().version().major < 7) {
    expect_failure(run, 6, {"7.1"});
  } else {
    expect_success(run);
    EXPECT_TRUE(same_picture(bytes(run.out), vm().ppm()));
  }
}

TEST_F(Output, TextStandsInAPngOnRequestOnly) {
  const auto holds = [](const Finished& run, std::string_view text) {
    expect_success(run);
    EXPECT_TRUE(same_picture(bytes(run.out), vm().ppm()));
    return run.out.find(text) != std::string::npos;
  };
  // QEMU's own PNG knows nothing of it, so it is not passed on as it is.
  for (const std::string route : {"auto", "png-file"}) {
    if (route == "png-file" && vm().version().major < 7) continue;
    for (const char* text : {"Title", "a test's VM", "Creation Time", "qmpshot 0."}) {
      EXPECT_TRUE(holds(shoot({"--text", "--route", route}), text)) << text << " by " << route;
      EXPECT_FALSE(holds(shoot({"--route", route}), text)) << text << " by " << route;
    }
  }
}

TEST_F(Output, StatsAreMillisecondsPerStepOnStderr) {
  const Finished run = shoot({"-o", file("a.png"), "--stats", "--small"});
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out, "");
  for (const char* step : {"connect", "dump", "encode", "save", "all"}) {
    EXPECT_TRUE(std::regex_search(run.err, std::regex(std::string(step) + R"( +\d+\.\d+ ms)")))
        << step << " in: " << run.err;
  }
}

TEST_F(Output, StatsOfSeveralLooksAreOfAllTheirTime) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string stats = shoot({"-o", file("a.png"), "--stats", "--wake"}).err;
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  std::smatch all;
  std::smatch wait;
  ASSERT_TRUE(std::regex_search(stats, all, std::regex(R"(all +(\d+\.\d+) ms)"))) << stats;
  ASSERT_TRUE(std::regex_search(stats, wait, std::regex(R"(^wait +(\d+\.\d+) ms)"))) << stats;
  EXPECT_GE(std::stod(wait[1]), 100) << "the first pause: " << stats;
  EXPECT_GT(std::stod(all[1]), std::stod(wait[1]));
  EXPECT_LT(std::stod(all[1]), took.count());
}

TEST_F(Output, AConsoleIsEncodedWhileQemuIsBusyAnyway) {
  const auto find_encode = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"-o", file("a.png"), "--stats"});
    const std::string stats = shoot(more).err;
    EXPECT_NE(stats.find("take back "), std::string::npos) << stats;
    const std::size_t encode = stats.find("encode ");
    return encode == std::string::npos         ? "while it writes"
           : encode < stats.find("take back ") ? "while it tidies up"
                                               : "behind it";
  };
  EXPECT_STRNE(find_encode({}), "behind it");
  const std::vector<std::byte> file_on_all = read_file(file("a.png"));
  EXPECT_TRUE(same_picture(file_on_all, vm().ppm()));
  {
    const OneCpu one_cpu;
    EXPECT_STREQ(find_encode({}), "while it tidies up");
    EXPECT_TRUE(read_file(file("a.png")) == file_on_all);
  }
  EXPECT_STREQ(find_encode({"--small"}), "behind it");
  EXPECT_STREQ(find_encode({"--scale", "1440x800"}), "behind it");
  EXPECT_STREQ(find_encode({"--format", "jpeg"}), "behind it");
}

TEST_F(Output, VerboseSaysTheVersionAndTheRoute) {
  const Finished run = shoot({"-o", file("a.png"), "--verbose"});
  EXPECT_EQ(run.status, 0);
  EXPECT_NE(run.err.find("720x400 by route fd"), std::string::npos) << run.err;
}

TEST_F(Output, TimeoutTakesSecondsMillisecondsMinutesAndFractions) {
  for (const char* time : {"20s", "20000ms", "1m", "20", "20.5", "0.5m"}) {
    expect_success(shoot({"-o", file("a.png"), "--timeout", time}));
  }
}

// What a terminal shows: its lines, each as a number of characters, escape sequences left out.
struct Shown {
  std::vector<std::size_t> widths;
  bool colours_reset = true;  // at each line's end
};

Shown shown(const std::string& out) {
  Shown result;
  std::size_t width = 0;
  bool coloured = false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == '\x1b') {
      const std::size_t end = out.find('m', i);
      coloured = out.substr(i, end - i) != "\x1b[0";
      i = end;
    } else if (out[i] == '\n') {
      result.widths.push_back(width);
      result.colours_reset = result.colours_reset && !coloured;
      width = 0;
    } else if (out[i] != '\r' && (static_cast<unsigned char>(out[i]) & 0xc0) != 0x80) {
      ++width;
    }
  }
  return result;
}

class PreviewSize : public Output,
                    public testing::WithParamInterface<std::pair<unsigned short, unsigned short>> {
};

TEST_P(PreviewSize, FitsTheWindowAndResetsItsColours) {
  ProcessOptions options;
  options.terminal = GetParam();
  const Finished run = shoot({}, options);
  expect_success(run);
  EXPECT_NE(run.out.find("\u2580"), std::string::npos);
  EXPECT_NE(run.out.find("-o console.png"), std::string::npos);
  Shown preview = shown(run.out);
  EXPECT_TRUE(preview.colours_reset);
  ASSERT_GE(preview.widths.size(), 2u);
  preview.widths.pop_back();  // the hint
  EXPECT_LT(preview.widths.size(), std::max<std::size_t>(GetParam().second, 4));
  for (const std::size_t width : preview.widths) EXPECT_LE(width, GetParam().first);
}
INSTANTIATE_TEST_SUITE_P(Windows, PreviewSize,
                         testing::Values(std::pair(80, 24), std::pair(200, 60), std::pair(40, 50),
                                         std::pair(20, 5), std::pair(1, 1)));

TEST_F(Output, TerminalGetsTextWhereTextIsAskedFor) {
  ProcessOptions options;
  options.terminal = std::pair(80, 24);
  const Finished run = shoot({"--base64"}, options);
  expect_success(run);
  EXPECT_EQ(run.out.find('\x1b'), std::string::npos);
}

// The path may be somebody else's idea: what the hint says is safe to paste, and to show.
TEST_F(Output, TheHintIsOneShellWordPerArgument) {
  const std::string path = file("it's; a\x1b[31m VM.sock");
  std::filesystem::create_symlink(vm().socket(), path);
  ProcessOptions options;
  options.terminal = std::pair(80, 24);
  const Finished run = qmpshot({"--socket", path}, options);
  expect_success(run);
  EXPECT_NE(run.out.find("it'\\''s; a?[31m VM.sock' -o console.png"), std::string::npos) << run.out;
}

TEST_F(Output, HelpAndVersionGoToStdoutWithoutAVm) {
  const Finished help = qmpshot({"--help"});
  expect_success(help);
  expect_success(qmpshot({"--help", "--bad"}));  // what comes first counts
  EXPECT_NE(help.out.find("--socket"), std::string::npos);
  std::string formats;
  for (const encode::Encoder& encoder : encode::encoders()) {
    formats += (formats.empty() ? "" : "|") + std::string(encoder.name);
  }
  EXPECT_NE(help.out.find("--format FORMAT     " + formats + ";"), std::string::npos);
  const Finished version = qmpshot({"--version"});
  expect_success(version);
  EXPECT_TRUE(version.out.starts_with("qmpshot "));
}

}  // namespace
}  // namespace qmpshot::test
