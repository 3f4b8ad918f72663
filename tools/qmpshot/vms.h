// SPDX-License-Identifier: MIT
// `qmpshot vms`: which virtual machines run here, and where a picture of each can be asked for.
#pragma once

#include <qmpshot/vms.h>

#include <string>
#include <vector>

namespace qmpshot::tools {

// A line for each monitor; a VM without one has a line that says so.
std::string vms_table(const std::vector<Vm>& vms);
std::string vms_json(const std::vector<Vm>& vms);

// The whole command, its options behind argv[0].
//   return  the exit status
int run_vms(int argc, char** argv);

}  // namespace qmpshot::tools
