// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "rate_limiter.hpp"
#include <carpool/bert/options.hpp>
#include <carpool/options.hpp>
#include <carpool/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

/// The scheduling policies that can be chosen; each is carpool's of the same name.
enum class policy_choice { adaptive, eager, size_or_timeout };

/// A model to serve.
struct model_source {
  std::string name;    ///< what clients call it; empty: what the model's folder is called
  std::string folder;  ///< a Hugging Face folder

  friend bool operator==(const model_source&, const model_source&) = default;
};

/// The command line, or the file that it names. What is empty or 0 here is decided by the model, the device
/// or the operating system.
struct server_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;         ///< 0: any free one
  bool tcp = true;                   ///< whether to listen on that port
  std::string unix_socket;           ///< path; empty: none
  std::string tls_certificate;       ///< file; empty: no TLS
  std::string tls_key;               ///< likewise
  std::vector<model_source> models;  ///< at least one, of different names; the first is the default
  bool strict_model = false;         ///< whether OpenAI's clients must name a model that is there
  std::string program;               ///< an exported model, .pt2 or .pt; empty: carpool's own encoder
  std::string load_library;          ///< a shared library that the program needs; empty: none
  std::optional<std::size_t> max_batch_size;
  std::optional<carpool::duration> max_queue_delay;
  std::optional<std::size_t> max_queue_size;
  std::optional<unsigned> ab;  ///< percent of the requests that run alone, for comparison; empty: none
  policy_choice policy = policy_choice::adaptive;
  std::string device = "auto";
  std::vector<std::size_t> devices;  ///< numbers of CUDA devices
  std::size_t lanes_per_device = 0;
  std::size_t threads = 0;
  std::size_t http_threads = 0;  ///< that serve connections
  carpool::bert::precision precision = carpool::bert::precision::automatic;
  bool invariant = false;
  std::string api_keys;  ///< file with the keys of those who may use the server; empty: everybody may
  rate_limits rates;     ///< of clients whose key has no limits of its own, and of all those without a key
  std::vector<std::string> cors_origins;    ///< whose pages may use the server; "*": all
  std::string access_log;                   ///< file; "-": standard output; empty: none
  std::vector<std::string> metrics_compat;  ///< whose names of metrics are told, too: "tei", "triton"
  std::string log_level = "info";
  bool check = false;  ///< whether only to say if the server could start
};

/// Reads the command line; `default_model` is used unless --model or the environment variable CARPOOL_MODEL
/// names another. Empty when the user asked for help, which is then printed to standard output. Throws
/// std::invalid_argument with one sentence that names the option at fault.
std::optional<server_options> parse_options(int argc, const char* const* argv,
                                            const std::string& default_model);

/// "NAME=FOLDER" or "FOLDER". Throws std::invalid_argument with one sentence.
model_source parse_model_source(const std::string& text);

/// `base`, a model's own advice, with what the command line says instead.
carpool::options batching_options(const server_options& given, carpool::options base);

/// "250us", "5ms" or "1.5s". Throws std::invalid_argument with one sentence.
carpool::duration parse_duration(std::string_view text);

}  // namespace embed_server
