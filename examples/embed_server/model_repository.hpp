// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "endings.hpp"
#include "model_catalog.hpp"
#include "options.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace embed_server {

namespace asio = boost::asio;

/// Loads models, exchanges and unloads them while the server runs. No request is lost: those that have begun
/// end with the model that they began with. Making and ending models goes on in threads of their own. Not
/// thread-safe: all else happens on the thread of the service.
class model_repository {
 public:
  /// Makes a model ready to run. Called on the thread for that, one call at a time. Throws an exception whose
  /// message names the file at fault, and the cause.
  using loader = std::function<std::unique_ptr<hosted_model>(const model_source& source)>;

  /// What is known of a model, in the words of Triton's model repository extension.
  struct status {
    std::string name;
    const char* state;   ///< READY, LOADING or UNAVAILABLE
    std::string reason;  ///< why it is unavailable
  };

  /// Models go into the catalog, which must outlive this.
  model_repository(model_catalog& models, loader load) : models_(models), load_(std::move(load)) {}

  /// Waits for what is being loaded, and for models to end.
  ~model_repository();

  model_repository(const model_repository&) = delete;
  model_repository& operator=(const model_repository&) = delete;

  /// Has a model serve that was loaded already, before the server took requests.
  void begin_with(model_source source, std::unique_ptr<hosted_model> model);

  /// Loads a model and has it serve its name, in place of the one that did; completes then. Throws what the
  /// loader or a first run of the model throws, and api_error (invalid) if the name is that of a model of
  /// another kind; everything is as it was then. Precondition: a source with a name.
  asio::awaitable<void> load(model_source source);

  /// The same from the folder that it was loaded from last. Throws api_error (unknown_model) if there is
  /// none.
  asio::awaitable<void> load_again(std::string name);

  /// From now on the name is unavailable. Throws api_error (unknown_model).
  void unload(std::string_view name);

  /// Of all models that were ever there, or were to be.
  std::vector<status> index() const;

  /// Whether all models that are no longer served have ended, within this time: one that hangs does not.
  /// Blocks.
  bool all_ended(std::chrono::milliseconds within) const { return endings_->await_none(within); }

 private:
  struct known {
    model_source source;  // that it was loaded from last; without a folder until it has been
    int loading = 0;      // so many at the moment
    std::string reason;
  };

  known* find(std::string_view name);
  std::shared_ptr<hosted_model> shared(std::unique_ptr<hosted_model> model) const;
  asio::awaitable<std::shared_ptr<hosted_model>> make(model_source source);
  asio::awaitable<void> put_into_service(model_source source);
  void check_kind(const served_model& model) const;

  model_catalog& models_;
  loader load_;
  std::vector<std::unique_ptr<known>> all_;
  const std::shared_ptr<endings> endings_ = std::make_shared<endings>();
  asio::thread_pool worker_{1};
};

}  // namespace embed_server
