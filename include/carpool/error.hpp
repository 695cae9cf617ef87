// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <string>
#include <type_traits>

namespace carpool {

/// Why a request did not get a result. Plain cancellation is `boost::asio::error::operation_aborted`, and a
/// `boost::system::system_error` thrown by a functor arrives as the code it carries.
enum class error {
  /// The queue already holds `options::max_queue_size` requests, `max_queue_work` or, of this key,
  /// `max_queue_size_per_key`; nothing of this submission was admitted.
  queue_full = 1,
  /// The deadline passed, or cannot be met any more, or a limit of async_shut_down; the result, if one comes,
  /// is dropped.
  expired,
  /// The batcher is draining, closed or destroyed; the request did not run, unless it was running when
  /// shutdown_mode::abort gave it up.
  shut_down,
  /// collate, model, split or a lane factory threw something other than a boost::system::system_error;
  /// `options::on_batch_error` has the exception.
  model_failed,
  /// split returned more or fewer results than the batch has requests.
  result_count_mismatch,
  /// There was not enough memory, also with this request alone in its batch; see carpool::out_of_memory.
  out_of_memory,
  /// The request alone is more than `options::max_batch_work` and `options::oversize` refuses such.
  too_large,
  /// The device of every lane is lost, or the request has been in a batch that lost its device twice; see
  /// carpool::device_lost.
  device_lost,
};

/// The category of carpool::error. Thread-safe.
class error_category final : public boost::system::error_category {
 public:
  /// All instances are equal, by this number (drawn at random): a program has more than one where shared
  /// libraries hide their symbols.
  constexpr error_category() noexcept : boost::system::error_category(0x4a89bae2bba8f154) {}

  const char* name() const noexcept override { return "carpool"; }

  std::string message(int value) const override {
    switch (static_cast<error>(value)) {
      case error::queue_full:
        return "the queue is full: max_queue_size, max_queue_work or max_queue_size_per_key is reached; "
               "retry "
               "later, submit fewer at once or raise it";
      case error::expired:
        return "the deadline passed before it was done";
      case error::shut_down:
        return "the batcher is shut down and takes no more requests";
      case error::model_failed:
        return "the model failed: collate, model, split or a lane factory threw an exception";
      case error::result_count_mismatch:
        return "the model returned more or fewer results than the batch has requests";
      case error::out_of_memory:
        return "there was not enough memory, even with this request alone in its batch";
      case error::too_large:
        return "the request is too large: alone it is more work than max_batch_work allows for a batch";
      case error::device_lost:
        return "the device of the model is lost, and there is no other one that can run the request";
    }
    return "unknown carpool error " + std::to_string(value);
  }
};

/// The instance of carpool::error_category that this part of the program uses.
[[nodiscard]] inline const boost::system::error_category& get_error_category() noexcept {
  static const error_category instance;
  return instance;
}

/// Lets carpool::error convert to boost::system::error_code.
[[nodiscard]] inline boost::system::error_code make_error_code(error value) noexcept {
  return {static_cast<int>(value), get_error_category()};
}

/// For functors to throw when a batch does not fit into the memory of their device. The batcher then runs the
/// batch in smaller parts, if its inputs can be run again, and makes the next batches smaller for a while.
/// std::bad_alloc means the same.
class out_of_memory : public boost::system::system_error {
 public:
  /// `what` is for people: which device, how much was asked for.
  explicit out_of_memory(const std::string& what = "carpool::out_of_memory")
      : system_error(make_error_code(error::out_of_memory), what) {}
};

/// For functors to throw when their device can run no batch any more. The lanes of that device, see
/// `options::devices`, get no more batches until async_reload gives them new functors. The requests of the
/// batch go back to their places in the queue if other devices are left and the inputs can be run again; but
/// once only, so that a request which breaks devices does not break one after the other.
class device_lost : public boost::system::system_error {
 public:
  /// `what` is for people: which device, and how that is known.
  explicit device_lost(const std::string& what = "carpool::device_lost")
      : system_error(make_error_code(error::device_lost), what) {}
};

}  // namespace carpool

template <>
struct boost::system::is_error_code_enum<carpool::error> : std::true_type {};
