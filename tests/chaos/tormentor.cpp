// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "tormentor.hpp"

#include "hold.hpp"

#include <cstddef>
#include <exception>
#include <utility>

namespace chaos {

tormentor::tormentor(std::function<void()> await_recovery, journal& journal, std::vector<fault> faults,
                     std::uint64_t seed)
    : await_recovery_(std::move(await_recovery)), journal_(journal), faults_(std::move(faults)), dice_(seed) {
  done_ = std::async(std::launch::async, [this] { torment(); });
}

void tormentor::stop() {
  stopping_ = true;
  done_.get();
}

void tormentor::torment() {
  while (!stopping_) {
    hold(dice_, 500, 3000);
    const fault& now = next();
    const std::size_t number = journal_.begin(now.name, now.may);
    try {
      now.inflict(dice_);
      await_recovery_();
    } catch (const std::exception& error) {
      return journal_.fail(number, error.what());
    }
    journal_.end(number);
  }
}

const fault& tormentor::next() {
  if (left_.empty())
    for (std::size_t i = 0; i < faults_.size(); ++i) left_.push_back(i);
  std::swap(left_[dice_.below(left_.size())], left_.back());
  const fault& drawn = faults_[left_.back()];
  left_.pop_back();
  return drawn;
}

}  // namespace chaos
