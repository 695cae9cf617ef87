// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "hosted_model.hpp"
#include "routes.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

/// The models of the server, by name. The one that was added first is the default: it serves whoever names
/// none, for as long as the server runs, or, where it cannot, the first that can. Thread-safe.
class model_catalog {
 public:
  /// A name, and what is served under it now, if anything is.
  struct entry {
    std::string name;
    std::shared_ptr<hosted_model> model;
    model_kind kind;  // of what was served last, so that its place is kept while nothing is
  };

  /// From now on this model is served under its name, and no more the one that was before. Whoever uses that
  /// one ends with it.
  void put(std::shared_ptr<hosted_model> model);

  /// From now on nothing is served under this name, which is kept. Precondition: the name is there.
  void take_out(std::string_view name);

  /// Empty if no model of this name was ever added.
  std::optional<entry> find(std::string_view name) const;

  /// The one that was added first, which is the default; null if none was, or while it is not served.
  std::shared_ptr<hosted_model> first() const;

  /// The model of this name; the default where it is empty. Throws api_error (unknown_model, unavailable).
  std::shared_ptr<hosted_model> get(std::string_view name) const;

  /// The first model of the kind that is made for this, else the first that can do it, also while it is not
  /// loaded: then nobody is handed to another one silently. The default where there is none. Throws as above.
  std::shared_ptr<hosted_model> get_for(endpoint to) const;

  /// The model of this name; where none of that name was ever added, as get_for(to).
  std::shared_ptr<hosted_model> get_or_for(std::string_view name, endpoint to) const;

  /// The models that are served now.
  std::vector<std::shared_ptr<hosted_model>> served() const;

 private:
  // All of them with the mutex held.
  const entry* find_entry(std::string_view name) const;
  const entry* find_for(endpoint to) const;
  std::shared_ptr<hosted_model> get_entry(std::string_view name) const;
  static std::shared_ptr<hosted_model> served_by(const entry& found);
  std::string names() const;

  mutable std::mutex mutex_;
  std::vector<entry> entries_;  // in the order in which they were added
};

}  // namespace embed_server
