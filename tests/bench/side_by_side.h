// SPDX-License-Identifier: MIT
// Programs timed side by side: each once a round, in turn, so that what else the machine does falls
// on all of them alike.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace qmpshot::bench {

// One way of doing the same thing.
struct Way {
  std::string name;
  std::function<double()> measure;  // once; NaN: it failed
};

// The median of each, in their order; NaN where a measurement failed.
std::vector<double> medians(const std::vector<Way>& ways, int rounds);

double median(std::vector<double> values);

// Milliseconds from posix_spawn(3) to the end of a program that says nothing to us; NaN where it
// fails.
double run_ms(const std::vector<std::string>& command);

// A number that a program prints; NaN where it fails.
double printed(const std::vector<std::string>& command);

// A program under way, ended by SIGTERM, and the number it then prints.
class Measuring {
 public:
  explicit Measuring(const std::vector<std::string>& command);
  Measuring(const Measuring&) = delete;
  Measuring& operator=(const Measuring&) = delete;
  ~Measuring();
  double stop();

 private:
  int pid_ = -1;
  int output_ = -1;
};

// A table cell: three digits that matter; a dash for NaN.
std::string cell(double value);

}  // namespace qmpshot::bench
