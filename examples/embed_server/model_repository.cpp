// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "model_repository.hpp"

#include "api_error.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace embed_server {

model_repository::~model_repository() {
  worker_.stop();
  worker_.join();
  endings_->close();
}

void model_repository::begin_with(model_source source, std::unique_ptr<hosted_model> model) {
  source.name = model->about().name;
  all_.push_back(std::make_unique<known>(known{std::move(source), 0, ""}));
  models_.put(shared(std::move(model)));
}

// To end a model takes a while, and it may be the end of any request that is its last use: not on this
// thread.
std::shared_ptr<hosted_model> model_repository::shared(std::unique_ptr<hosted_model> model) const {
  return {model.release(),
          [to = endings_](hosted_model* ended) { to->end(std::unique_ptr<hosted_model>(ended)); }};
}

asio::awaitable<std::shared_ptr<hosted_model>> model_repository::make(model_source source) {
  co_return shared(load_(source));
}

asio::awaitable<void> model_repository::load(model_source source) {
  known* entry = find(source.name);
  if (entry == nullptr)
    entry = all_.emplace_back(std::make_unique<known>(known{{source.name, ""}, 0, ""})).get();
  ++entry->loading;
  std::exception_ptr failure;
  try {
    co_await put_into_service(source);
    entry->source = source;
    entry->reason.clear();
  } catch (const std::exception& error) {
    failure = std::current_exception();
    entry->reason = error.what();
    spdlog::error("the model {} was not loaded: {}", source.name, error.what());
  }
  --entry->loading;
  if (failure) std::rethrow_exception(failure);
}

// A model that cannot run shows before anybody asks it.
asio::awaitable<void> model_repository::put_into_service(model_source source) {
  const std::string name = source.name, folder = source.folder;
  auto made = co_await asio::co_spawn(worker_, make(std::move(source)), asio::use_awaitable);
  co_await made->try_out();
  check_kind(made->about());  // here, since another load of this name may have ended meanwhile
  models_.put(std::move(made));
  spdlog::info("the model {} serves from {}", name, folder);
}

asio::awaitable<void> model_repository::load_again(std::string name) {
  const known* const entry = find(name);
  if (entry == nullptr || entry->source.folder.empty())
    throw api_error{problem::unknown_model, "there is no model \"" + name + "\", and no word of its folder"};
  model_source source = entry->source;
  co_await load(std::move(source));
}

// Whoever names no model is served by the first of a kind, which would be another one from then on.
void model_repository::check_kind(const served_model& model) const {
  const auto entry = models_.find(model.name);
  if (!entry || entry->kind == model.kind()) return;
  throw api_error{problem::invalid, "the model " + model.name +
                                        " cannot be exchanged for one of another kind: load that under "
                                        "another name"};
}

void model_repository::unload(std::string_view name) {
  known* const entry = find(name);
  if (entry == nullptr || !models_.find(name))
    throw api_error{problem::unknown_model, "there is no model \"" + std::string(name) + '"'};
  models_.take_out(name);
  entry->reason = "unloaded";
  spdlog::info("the model {} is unloaded", name);
}

std::vector<model_repository::status> model_repository::index() const {
  std::vector<status> all;
  for (const auto& each : all_) {
    const auto entry = models_.find(each->source.name);
    const bool serves = entry && entry->model;
    all.push_back({each->source.name,
                   serves              ? "READY"
                   : each->loading > 0 ? "LOADING"
                                       : "UNAVAILABLE",
                   serves ? "" : each->reason});
  }
  return all;
}

model_repository::known* model_repository::find(std::string_view name) {
  const auto found = std::ranges::find_if(all_, [&](const auto& each) { return each->source.name == name; });
  return found == all_.end() ? nullptr : found->get();
}

}  // namespace embed_server
