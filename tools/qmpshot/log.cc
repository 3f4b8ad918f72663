// SPDX-License-Identifier: MIT
#include "tools/qmpshot/log.h"

#include "qmp/json.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

namespace qmpshot::tools {
namespace {

// Made by hand: spdlog's registry would start at every run, asked for or not.
std::unique_ptr<spdlog::logger>& logger() {
  static std::unique_ptr<spdlog::logger> instance;
  return instance;
}

}  // namespace

void start_verbose_log() {
  logger() = std::make_unique<spdlog::logger>("qmpshot",
                                              std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger()->set_pattern("%H:%M:%S.%e qmpshot: %v");
}

void verbose(const std::string& line) {
  if (logger()) logger()->info(qmp::printable(line));
}

}  // namespace qmpshot::tools
