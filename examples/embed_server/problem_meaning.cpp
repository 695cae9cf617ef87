// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "problem_meaning.hpp"

namespace embed_server {

const char* meaning_of(problem what) {
  switch (what) {
    case problem::malformed:
      return "Not valid HTTP, JSON or compression";
    case problem::invalid:
      return "A field is missing or wrong, or there is too much of it; the message names it";
    case problem::empty_input:
      return "A text or list is empty";
    case problem::unauthorized:
      return "No key, or an unknown one";
    case problem::forbidden:
      return "Only for keys of admins";
    case problem::not_found:
      return "No such path";
    case problem::unknown_model:
      return "There is no model of this name, or no such version of it";
    case problem::method_not_allowed:
      return "The path takes other methods";
    case problem::conflict:
      return "Somebody else is doing this, and there is one at a time";
    case problem::length_required:
      return "A POST without a length";
    case problem::body_too_large:
      return "The body is too large";
    case problem::target_too_long:
      return "The request target is too long";
    case problem::unsupported_media_type:
      return "A Content-Type or Content-Encoding that is not understood";
    case problem::expectation_failed:
      return "An Expect other than 100-continue";
    case problem::header_too_large:
      return "The header is too large";
    case problem::overloaded:
      return "The queue is full; Retry-After tells when to try again";
    case problem::rate_limited:
      return "The client has had its share of the minute; Retry-After tells when to try again";
    case problem::model_failed:
      return "The model failed";
    case problem::unsuitable_model:
      return "The model is of a kind that cannot do this";
    case problem::not_implemented:
      return "An unknown method or transfer coding";
    case problem::unavailable:
      return "The server is shutting down or short of memory, or its devices have failed";
    case problem::expired:
      return "The deadline passed before the answer was there";
  }
  return "";
}

}  // namespace embed_server
