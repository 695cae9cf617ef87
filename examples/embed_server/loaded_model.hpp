// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "options.hpp"
#include "served_model.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>

namespace embed_server {

namespace asio = boost::asio;

/// A model that is ready to run, behind its batcher.
struct loaded_model {
  served_model served;
  std::string device;         ///< for people
  carpool::options batching;  ///< the batcher's
  std::unique_ptr<embedding_batcher> batcher;
};

/// Loads the BERT model that the command line names. Its batcher asks `key_weight` for the shares of
/// clients, and tells `on_batch_error` why a run of the model failed. Throws an exception whose message names
/// the file or option at fault, and the cause.
loaded_model load_model(asio::io_context& io, const server_options& given,
                        std::function<double(std::uint64_t)> key_weight,
                        std::function<void(std::exception_ptr)> on_batch_error);

/// Runs the model once. Fails as a batch of it fails. The model must outlive the operation.
asio::awaitable<void> try_out(loaded_model& model);

}  // namespace embed_server
