// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/bert/lane.hpp>
#include <carpool/bert/tokens.hpp>
#include <carpool/dynamic_batcher.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <future>
#include <stdexcept>
#include <vector>

namespace bench {

using text_batcher = carpool::DynamicBatcher<carpool::bert::tokens, carpool::bert::embedding>;

/// Keeps `in_flight` texts submitted until all are answered.
class text_loop {
 public:
  text_loop(text_batcher& target, const std::vector<carpool::bert::tokens>& texts)
      : target_(target), texts_(texts) {}

  void run(std::size_t in_flight) {
    for (std::size_t i = 0; i < std::min(in_flight, texts_.size()); ++i) submit_next();
    done_.get_future().wait();
  }

 private:
  void submit_next() {
    const std::size_t index = next_++;
    if (index >= texts_.size()) return;
    target_.async_submit(texts_[index],
                         [this](boost::system::error_code code, const carpool::bert::embedding&) {
                           if (code) failed_ = true;
                           submit_next();
                           if (++answered_ == texts_.size()) finish();
                         });
  }

  void finish() {
    if (failed_)
      return done_.set_exception(std::make_exception_ptr(std::runtime_error{"a text got no embedding"}));
    done_.set_value();
  }

  text_batcher& target_;
  const std::vector<carpool::bert::tokens>& texts_;
  std::atomic<std::size_t> next_ = 0;
  std::size_t answered_ = 0;  // handlers run on the batcher's one thread
  bool failed_ = false;
  std::promise<void> done_;
};

}  // namespace bench
