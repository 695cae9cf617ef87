// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embedding_engine.hpp"
#include "options.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>

namespace embed_server {

namespace asio = boost::asio;

/// A model that is ready to run.
struct loaded_model {
  std::unique_ptr<embedding_engine> engine;
  std::unique_ptr<embedding_engine>
      unbatched;       ///< the same model, each text a run of its own; null: not wanted
  std::string device;  ///< for people
};

/// Whether the folder holds a classifier, of which it reads no more than the settings. Throws as load_model.
/// Thread-safe.
bool is_classifier(const model_source& source);

/// Loads a BERT model, a classifier if the folder holds one and else an embedder, with the options of the
/// command line. Its batchers ask `key_weight` for the shares of
/// clients, on any thread, and tell `on_batch_error` why a run of the model failed. `work_per_turn` is in
/// bytes of text. Throws an exception whose message names the file or option at fault, and the cause.
/// Thread-safe.
loaded_model load_model(asio::io_context& io, const model_source& source, const server_options& given,
                        std::size_t work_per_turn, std::function<double(std::uint64_t)> key_weight,
                        std::function<void(std::exception_ptr)> on_batch_error);

}  // namespace embed_server
