// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "http.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace embed_server {

/// Whose JSON an endpoint speaks: OpenAI's, that of Hugging Face's text-embeddings-inference (TEI), or that
/// of the Open Inference Protocol, version 2, which Triton and KServe speak.
enum class api_family { openai, tei, open_inference };

/// Everything that can be wrong with a request, in the terms of the error table in api_error.cpp.
enum class problem {
  malformed,               ///< not HTTP, or not JSON
  invalid,                 ///< JSON that does not say what is wanted, or too much of it
  empty_input,             ///< nothing to embed
  unauthorized,            ///< no key, or an unknown one
  forbidden,               ///< for admins only, and the key is not one of theirs
  not_found,               ///< no such path
  unknown_model,           ///< no such model
  method_not_allowed,      ///< the path exists, the method does not
  conflict,                ///< somebody else is doing what only one may do at a time
  length_required,         ///< a POST without Content-Length and Transfer-Encoding
  body_too_large,          ///<
  target_too_long,         ///<
  unsupported_media_type,  ///< a Content-Type or Content-Encoding that is not understood
  expectation_failed,      ///< an Expect other than 100-continue
  header_too_large,        ///< in bytes or in fields
  overloaded,              ///< the queue is full
  rate_limited,            ///< the client has used up what it may ask for in a minute
  model_failed,            ///< the model threw, or its output is not finite
  unsuitable_model,        ///< the model is of a kind that cannot do this
  not_implemented,         ///< an unknown method or transfer coding
  unavailable,             ///< shutting down, or the device has failed or is short of memory
  expired,                 ///< the deadline passed
};

/// A request that is refused. Thrown by whatever finds the fault, rendered in one place.
class api_error : public std::runtime_error {
 public:
  /// `param` names the JSON field at fault, where there is one; after `retry_after` the client may try again,
  /// if what it met passes by itself.
  api_error(problem what, const std::string& message, std::string param = {},
            std::chrono::milliseconds retry_after = std::chrono::seconds{1})
      : std::runtime_error(message), what_(what), param_(std::move(param)), retry_after_(retry_after) {}

  problem kind() const noexcept { return what_; }
  const std::string& param() const noexcept { return param_; }
  std::chrono::milliseconds retry_after() const noexcept { return retry_after_; }

 private:
  problem what_;
  std::string param_;
  std::chrono::milliseconds retry_after_;
};

/// The api_error that stands for an error code of the batcher (carpool::error) or of the model.
api_error from_error_code(const boost::system::error_code& code);

/// The status with which a family's clients are told of a problem.
unsigned status_of(problem what, api_family family);

/// The answer to a refused request, in the JSON of its family.
response render(const api_error& error, api_family family);

}  // namespace embed_server
