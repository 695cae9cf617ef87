// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "model_catalog.hpp"

#include "api_error.hpp"
#include "suitability.hpp"

#include <algorithm>
#include <utility>

namespace embed_server {

// The model that was there before is let go without the mutex, since that may be its end.
void model_catalog::put(std::shared_ptr<hosted_model> model) {
  const std::string& name = model->about().name;
  const model_kind kind = model->about().kind();
  std::shared_ptr<hosted_model> before;
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, name, &entry::name);
  if (found == entries_.end()) {
    entries_.push_back({name, std::move(model), kind});
  } else {
    before = std::exchange(found->model, std::move(model));
    found->kind = kind;
  }
}

void model_catalog::take_out(std::string_view name) {
  std::shared_ptr<hosted_model> before;
  const std::lock_guard lock(mutex_);
  before = std::move(std::ranges::find(entries_, name, &entry::name)->model);
}

std::optional<model_catalog::entry> model_catalog::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const entry* const found = find_entry(name);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::shared_ptr<hosted_model> model_catalog::first() const {
  const std::lock_guard lock(mutex_);
  return entries_.empty() ? nullptr : entries_.front().model;
}

std::shared_ptr<hosted_model> model_catalog::get(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return get_entry(name);
}

const model_catalog::entry* model_catalog::find_entry(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &entry::name);
  return found == entries_.end() ? nullptr : &*found;
}

std::shared_ptr<hosted_model> model_catalog::get_entry(std::string_view name) const {
  const entry* const found = name.empty() && !entries_.empty() ? &entries_.front() : find_entry(name);
  if (found == nullptr)
    throw api_error{problem::unknown_model,
                    "there is no model \"" + std::string(name) + "\"; this server has " + names()};
  return served_by(*found);
}

std::shared_ptr<hosted_model> model_catalog::served_by(const entry& found) {
  if (!found.model)
    throw api_error{problem::unavailable, "the model " + found.name + " is not loaded at the moment"};
  return found.model;
}

// Null if there is none that can do it.
const model_catalog::entry* model_catalog::find_for(endpoint to) const {
  auto found = std::ranges::find_if(entries_, [to](const entry& each) { return is_made_for(each.kind, to); });
  if (found == entries_.end())
    found = std::ranges::find_if(entries_, [to](const entry& each) { return can_do(each.kind, to); });
  return found == entries_.end() ? nullptr : &*found;
}

std::shared_ptr<hosted_model> model_catalog::get_for(endpoint to) const {
  const std::lock_guard lock(mutex_);
  const entry* const found = find_for(to);
  return found == nullptr ? get_entry("") : served_by(*found);
}

std::shared_ptr<hosted_model> model_catalog::get_or_for(std::string_view name, endpoint to) const {
  const std::lock_guard lock(mutex_);
  const entry* found = find_entry(name);
  if (found == nullptr) found = find_for(to);
  return found == nullptr ? get_entry("") : served_by(*found);
}

std::vector<std::shared_ptr<hosted_model>> model_catalog::served() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<hosted_model>> all;
  for (const entry& each : entries_)
    if (each.model) all.push_back(each.model);
  return all;
}

std::string model_catalog::names() const {
  std::string all;
  for (const auto& each : entries_) all += (all.empty() ? "\"" : ", \"") + each.name + '"';
  return all.empty() ? "none" : all;
}

}  // namespace embed_server
