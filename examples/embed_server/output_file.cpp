// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "output_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <utility>

namespace embed_server {
namespace {

// A terminal may have room for less than is written. So it is opened once more, where that is allowed, not to
// block here without changing it for others.
int without_blocking(int descriptor) noexcept {
  if (descriptor < 0 || ::isatty(descriptor) == 0) return descriptor;
  char name[32];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
  const int own = ::open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own < 0) return descriptor;
  ::close(descriptor);
  return own;
}

bool is_regular(int descriptor) noexcept {
  struct stat found {};
  return descriptor >= 0 && ::fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode);
}

}  // namespace

output_file::~output_file() { replace(-1); }

void output_file::replace(int descriptor) noexcept {
  if (const int before = std::exchange(descriptor_, without_blocking(descriptor)); before >= 0)
    ::close(before);
  most_at_once_ = is_regular(descriptor_) ? std::string_view::npos : PIPE_BUF;
  stuck_ = false;
}

// Where a pipe has room, it has room for PIPE_BUF bytes: writing so many does not block. A file always has
// room, and a line that goes there in one piece is not torn by what another process writes.
std::size_t output_file::write(std::string_view bytes) noexcept {
  std::size_t done = 0;
  while (done < bytes.size() && wait_for_room()) {
    const auto written =
        ::write(descriptor_, bytes.data() + done, std::min(bytes.size() - done, most_at_once_));
    if (written < 0 && errno != EINTR && (errno != EAGAIN || in_a_hurry_)) break;
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  return done;
}

bool output_file::wait_for_room() noexcept {
  for (;;) {
    const bool last_try = in_a_hurry_;
    constexpr int one_second = 1000;
    pollfd file{descriptor_, POLLOUT, 0};
    const int ready = ::poll(&file, 1, last_try && stuck_ ? 0 : one_second);
    stuck_ = ready == 0;
    if (ready > 0) return true;
    if (last_try && stuck_) {
      errno = EAGAIN;
      return false;
    }
  }
}

}  // namespace embed_server
