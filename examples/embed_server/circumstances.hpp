// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "clientele.hpp"
#include "embedding_engine.hpp"
#include "exchange.hpp"
#include "hosted_model.hpp"
#include "limits.hpp"
#include "submitted_texts.hpp"
#include <carpool/time.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>

namespace embed_server {

/// A request, when it must be answered unless it is said otherwise, and who does it, once that is known. Not
/// thread-safe.
struct circumstances {
  exchange& request;
  clientele& clients;
  carpool::time_point deadline;
  std::shared_ptr<hosted_model> model = nullptr;
  model_arm* arm = nullptr;  ///< of the model

  const served_model& about() const { return model->about(); }

  /// So many texts it may have: more than the queue holds could never be admitted together, however often
  /// the client tried.
  std::size_t max_inputs(const limits& limits) const;

  /// Runs a job of these texts, with what is particular to its protocol; what all have in common is added,
  /// and what it takes is noted and counted. Throws as embedding_engine::embed, but api_error in place of
  /// refused_text. Both must outlive the operation.
  asio::awaitable<embedded_texts> run(const submitted_texts& texts, embedding_job job);

  /// The answer takes so many more bytes. Throws api_error as memory_share::grow_by.
  void take_memory(std::size_t bytes);

  /// The answer is there: notes how long that took since the body had been read.
  carpool::duration record();

 private:
  void admit(std::size_t token_count);
};

}  // namespace embed_server
