// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/error.hpp>

#include <atomic>
#include <string>
#include <utility>

namespace carpool::bert {

/// A device, and whether it can still be used.
struct device_status {
  std::string name;  ///< "cpu", "cuda:0"
  bool works = true;

  friend bool operator==(const device_status&, const device_status&) = default;
};

/// What the lanes of one device know of its failure: some errors end the process' use of a device, and then
/// every call repeats them. Thread-safe.
class device_health {
 public:
  explicit device_health(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] device_status status() const { return {name_, works_.load()}; }

  /// Throws carpool::device_lost if the device has failed.
  void check() const {
    if (!works_.load()) throw device_lost(name_ + " has failed before; this process cannot use it any more");
  }

  /// The device has failed for good. Throws carpool::device_lost.
  [[noreturn]] void fail(const std::string& why) {
    works_.store(false);
    throw device_lost(name_ + " has failed, this process cannot use it any more: " + why);
  }

 private:
  std::string name_;
  std::atomic<bool> works_ = true;
};

}  // namespace carpool::bert
