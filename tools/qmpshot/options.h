// SPDX-License-Identifier: MIT
// What the person asked for.
#pragma once

#include "encode/encoder.h"
#include "tools/qmpshot/picture.h"

#include <qmpshot/camera.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace qmpshot::tools {

// In which form the picture is handed over.
enum class Form {
  file,    // the format's own bytes
  base64,  // the same as text
  json,    // with everything that is known about it
};

struct Options {
  std::string socket;                // the one that is used, once it is chosen
  std::vector<std::string> sockets;  // those that may be, patterns among them
  std::string vm;                    // or those of the VM with this name, uuid or pid
  GrabRequest request;
  bool list = false;
  bool all = false;

  std::string output;  // empty: stdout, or a preview where that is a terminal; "-": stdout
  const encode::Encoder* encoder = nullptr;
  encode::EncodeOptions encode_options;
  Shape shape;
  bool text = false;  // the VM's name, the time and ours go into a PNG
  Form form = Form::file;

  bool stats = false;
  bool verbose = false;
};

// The options, or the status to exit with at once (after --help, --version or a usage error, whose
// one line is printed).
std::variant<Options, int> parse_options(int argc, char** argv);

// Of `qmpshot vms`, which is argv[0] here.
struct VmsOptions {
  bool json = false;
};
std::variant<VmsOptions, int> parse_vms_options(int argc, char** argv);

}  // namespace qmpshot::tools
