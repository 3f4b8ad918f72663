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

// From now on side_by_side() gives the fastest, which is what a busy machine disturbs least, and
// not the median.
void summarize_by_fastest(bool fastest);

// The median of each, in their order; NaN where a measurement failed.
std::vector<double> side_by_side(const std::vector<Way>& ways, int rounds);

// Milliseconds from posix_spawn(3) to the end of a program that says nothing to us; NaN where it
// fails.
double run_ms(const std::vector<std::string>& command);

// How many page faults a program takes in user mode that says nothing to us; those in the kernel's
// are for root to count. NaN where it fails, or where the kernel does not tell.
double page_faults(const std::vector<std::string>& command);

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
