// SPDX-License-Identifier: MIT
// The main of a fuzzer in builds without libFuzzer: runs every file of a corpus once.
#include "tests/support/bytes.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::size_t files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : fs::directory_iterator(argv[i])) {
      std::printf("%s\n", entry.path().c_str());  // the last one named is the one that failed
      std::fflush(stdout);
      const auto bytes = qmpshot::test::read_file(entry.path());
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++files;
    }
  }
  if (files == 0) std::fprintf(stderr, "usage: %s CORPUS_FOLDER...: there was no file\n", argv[0]);
  return files == 0 ? 1 : 0;
}
