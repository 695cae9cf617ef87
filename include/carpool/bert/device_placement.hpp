// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

namespace carpool::bert {

/// Which lane of a batcher is on which device: lane i on device i % devices, as `carpool::options::devices`
/// has it, so that the first lanes are on different devices.
class device_placement {
 public:
  /// Of a lane: its device, and how many lanes before it are on the same one.
  struct place {
    std::size_t device = 0;
    std::size_t copy = 0;

    friend bool operator==(const place&, const place&) = default;
  };

  /// Both at least 1.
  constexpr device_placement(std::size_t devices, std::size_t lanes_per_device) noexcept
      : devices_(devices), lanes_per_device_(lanes_per_device) {}

  [[nodiscard]] constexpr std::size_t devices() const noexcept { return devices_; }
  [[nodiscard]] constexpr std::size_t lanes() const noexcept { return devices_ * lanes_per_device_; }

  /// Any lane, also one beyond lanes().
  [[nodiscard]] constexpr place operator()(std::size_t lane) const noexcept {
    return {lane % devices_, lane / devices_};
  }

 private:
  std::size_t devices_;
  std::size_t lanes_per_device_;
};

/// Throws `std::invalid_argument` with a sentence unless these numbers of CUDA devices, as
/// `model_options::devices` has them, are different and below `available`, which is at least 1.
inline void check_ordinals(std::span<const std::size_t> ordinals, std::size_t available) {
  const std::string subject = "model_options::devices names device ";
  for (auto each = ordinals.begin(); each != ordinals.end(); ++each) {
    if (*each >= available) {
      throw std::invalid_argument(subject + std::to_string(*each) + ", but the last CUDA device is number " +
                                  std::to_string(available - 1));
    }
    if (std::find(ordinals.begin(), each, *each) != each)
      throw std::invalid_argument(subject + std::to_string(*each) + " twice");
  }
}

}  // namespace carpool::bert
