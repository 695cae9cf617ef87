// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "embed_server/http_settings.hpp"
#include "embed_server/limits.hpp"
#include <carpool/options.hpp>
#include <carpool/stats.hpp>

#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace carpool::test {

/// The reference server around a fake model, on a free port of the loopback address and a thread of its own,
/// with two more for the connections.
///
/// The model takes bytes for tokens, at most 1000, and has two special ones, 256 and 257. The embedding of a
/// text is (length, first byte, last byte, 1), that of a token (byte, its place, 0, 1); "boom" makes its
/// whole batch fail, "nan" yields a value that is not finite. Its prompts are "query", "q: ", and "title",
/// "t: ".
///
/// It is called "fake", and administrators may load others: folders are numbers, which take the place of the
/// 1 in embeddings, and of 1000 the server knows that they are not of length 1; "broken" is one that cannot
/// be loaded, and "slow" a 3 that waits until it is released. "reranker" is one with the label "relevant",
/// whose logit is by how much a text is longer than its query. "classifier" has the labels "long", "short"
/// and "pair", whose logits are the length of the text, its negative and the length of the query.
class test_server {
 public:
  /// The limits go before those of the settings. The folder says what kind of a model "fake" is.
  explicit test_server(const embed_server::limits& limits = {}, const carpool::options& batching = {},
                       embed_server::http_settings settings = {}, const std::string& folder = "1");
  ~test_server();

  /// From now on only those may use it who have a key of this file; they get shares by their weights if the
  /// batching says `fair_sharing`.
  void set_keys(const std::filesystem::path& file);

  /// From now on there is a model that is run in two ways, 1 batched and 2 unbatched, which has this share.
  void compare(const std::string& name, unsigned percent);

  /// From now on there is this model, too, after those that are there.
  void add(const std::string& name, const std::string& folder);

  /// As --strict-model does in the real server.
  void refuse_unknown_models();

  /// Models that have not ended.
  long models_alive() const;

  /// From now on new connections speak TLS.
  void set_tls(std::shared_ptr<boost::asio::ssl::context> context);

  std::uint16_t port() const;
  carpool::stats stats() const;

  /// Runs of model 1 and of classifiers wait from now on, until it is released.
  void hold_model();
  void release_model();
  /// Waits until "slow" is being loaded.
  void await_loading();
  void release_loading();
  /// Waits until a run has begun.
  void await_run();
  /// Texts that the model has worked on.
  int texts_run() const;
  /// The texts themselves, in the order in which they ran.
  std::vector<std::string> texts_in_order() const;

  /// From now on another one of the model's two devices, "fake:0" and "fake:1", cannot be used any more.
  void fail_device();

  /// As SIGTERM does in the real server.
  void signal();
  /// Waits for the end after a signal; whether everything was answered.
  bool wait();

 private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

}  // namespace carpool::test
