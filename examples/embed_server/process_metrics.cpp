// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "process_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace embed_server {

using carpool::prometheus_text;

namespace {

// The fields of /proc/self/stat after the process name, which may itself hold blanks and parentheses.
// Field numbers are those of proc(5); the first one here is number 3.
class process_status {
 public:
  process_status() {
    std::ifstream file("/proc/self/stat");
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    const auto name_end = line.rfind(')');
    if (name_end == line.npos) return;
    std::istringstream rest(line.substr(name_end + 1));
    fields_.assign(std::istream_iterator<std::string>(rest), {});
  }

  bool readable() const { return fields_.size() > 22; }
  double field(std::size_t number) const { return std::stod(fields_[number - 3]); }

 private:
  std::vector<std::string> fields_;
};

// Seconds since 1970 at which the machine started.
double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  return 0;
}

void add_open_files(prometheus_text& text) {
  std::error_code ec;
  const std::filesystem::directory_iterator open_files("/proc/self/fd", ec);
  if (!ec) {
    const auto count = std::distance(begin(open_files), std::filesystem::directory_iterator());
    text.gauge("process_open_fds", "Open file descriptors.", count);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    text.gauge("process_max_fds", "Largest number of open file descriptors.", limit.rlim_cur);
}

}  // namespace

void add_process_metrics(prometheus_text& text) {
  add_open_files(text);
  const process_status status;
  if (!status.readable()) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  text.counter("process_cpu_seconds_total", "CPU time in user and kernel mode.",
               (status.field(14) + status.field(15)) / ticks);
  text.gauge("process_threads", "Threads.", status.field(20));
  text.gauge("process_start_time_seconds", "Start of the process, since 1970.",
             boot_time() + status.field(22) / ticks);
  text.gauge("process_virtual_memory_bytes", "Virtual memory.", status.field(23));
  text.gauge("process_resident_memory_bytes", "Resident memory.", status.field(24) * page);
}

}  // namespace embed_server
