// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "test_server.hpp"

#include "embed_server/embed_service.hpp"
#include "embed_server/http_threads.hpp"
#include "embed_server/local_engine.hpp"
#include "embed_server/model_repository.hpp"
#include "embed_server/server.hpp"
#include "embed_server/shutdown.hpp"
#include "support/gate.hpp"
#include <carpool/bert/error.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <limits>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace carpool::test {
namespace {

namespace asio = boost::asio;
using embed_server::embedding;
using embed_server::tokens;

constexpr std::size_t max_tokens = 1000;
constexpr std::int32_t first_token = 256, last_token = 257;

tokens tokenize(std::string_view text, bool truncate) {
  if (text.size() > max_tokens && !truncate)
    throw boost::system::system_error(carpool::bert::error::text_too_long);
  const auto kept = text.substr(0, max_tokens);
  return tokens(std::vector<std::int32_t>(kept.begin(), kept.end()));
}

// The bytes of both, with a token between them that comes from neither.
tokens tokenize_pair(std::string_view query, std::string_view text, bool truncate) {
  if (query.size() + 1 + text.size() > max_tokens && !truncate)
    throw boost::system::system_error(carpool::bert::error::text_too_long);
  tokens pair = tokenize(query, true);
  pair.ids.push_back(last_token);
  pair.second_text = pair.ids.size();
  pair.ids.insert(pair.ids.end(), text.begin(), text.end());
  return pair;
}

// Byte by byte, between two tokens that do not come from the text.
carpool::bert::located_tokens locate(std::string_view text, std::size_t limit) {
  if (text.size() + 2 > limit) throw boost::system::system_error(carpool::bert::error::text_too_long);
  carpool::bert::located_tokens result{tokens({first_token}), {{}}};
  for (std::size_t i = 0; i < text.size(); ++i) {
    result.tokens.ids.push_back(static_cast<unsigned char>(text[i]));
    result.places.push_back({i, i + 1});
  }
  result.tokens.ids.push_back(last_token);
  result.places.emplace_back();
  return result;
}

std::string decode(std::span<const std::int32_t> ids, bool skip_special_tokens) {
  std::string text;
  for (const std::int32_t id : ids) {
    if (id > last_token)
      throw boost::system::system_error(carpool::bert::error::unknown_token, "id " + std::to_string(id));
    if (id < first_token) text += static_cast<char>(id);
    if (id >= first_token && !skip_special_tokens) text += id == first_token ? "[FIRST]" : "[LAST]";
  }
  return text;
}

embedding embed_each(const tokens& text) {
  embedding values;
  for (std::size_t i = 0; i < text.ids.size(); ++i)
    for (const float value : {static_cast<float>(text.ids[i]), static_cast<float>(i), 0.0F, 1.0F})
      values.push_back(value);
  return values;
}

embedding embed(const tokens& text, int number) {
  const std::string bytes(text.ids.begin(), text.ids.end());
  if (bytes == "boom") throw std::runtime_error("boom");
  if (bytes == "nan") return {std::numeric_limits<float>::quiet_NaN(), 0, 0, 0};
  return {static_cast<float>(bytes.size()), static_cast<float>(bytes.front()),
          static_cast<float>(bytes.back()), static_cast<float>(number)};
}

embedding score(const tokens& input, std::size_t labels) {
  const std::string text(input.ids.begin() + static_cast<std::ptrdiff_t>(input.second_text), input.ids.end());
  if (text == "boom") throw std::runtime_error("boom");
  if (text == "nan") return embedding(labels, std::numeric_limits<float>::quiet_NaN());
  const auto length = static_cast<float>(text.size());
  const auto query = static_cast<float>(input.second_text == 0 ? 0 : input.second_text - 1);
  return labels == 1 ? embedding{length - query} : embedding{length, -length, query};
}

std::vector<std::string> labels_of(const std::string& folder) {
  if (folder == "reranker") return {"relevant"};
  if (folder == "classifier") return {"long", "short", "pair"};
  return {};
}

}  // namespace

struct test_server::implementation {
  implementation(const embed_server::http_settings& settings_, const carpool::options& batching_,
                 const std::string& folder)
      : settings(settings_), service(models, settings.limits), server(listeners(), service, settings) {
    server.set_threads(threads.executors());
    repository.begin_with({"", folder}, load({"fake", folder}, batching_));
    service.manage(repository);
    if (settings.log) service.facts().watch(*settings.log);
    server.start();
    asio::co_spawn(io, embed_server::serve_until_signalled(signals, server, models, settings.limits),
                   [this](std::exception_ptr error, bool answered) {
                     failure = error;
                     everything_answered = answered;
                     io.stop();
                   });
    thread = std::thread([this] { embed_server::run_on(io); });
  }

  std::vector<embed_server::listener> listeners() {
    threads.make(2);  // before they begin to run
    std::vector<embed_server::listener> all;
    all.push_back(embed_server::open_tcp(io.get_executor(), "127.0.0.1", 0));
    port = all.front().port();
    return all;
  }

  // Does something where the service is at home, and waits for it.
  void at_home(const std::function<void()>& work) {
    std::promise<void> done;
    asio::post(io, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  // A model that adds the number to its embeddings, or a classifier.
  std::unique_ptr<embed_server::local_engine> engine(const std::string& name,
                                                     const carpool::options& batching, int number,
                                                     const std::vector<std::string>& labels = {}) {
    return std::make_unique<embed_server::local_engine>(fake_model(name, batching, number, labels),
                                                        parts(batching, number, labels.size()),
                                                        settings.limits.work_per_turn);
  }

  std::unique_ptr<embed_server::hosted_model> host(const std::string& name, const carpool::options& batching,
                                                   int number, const std::vector<std::string>& labels = {}) {
    return std::make_unique<embed_server::hosted_model>(engine(name, batching, number, labels));
  }

  // Its folder is a number, or says what kind of a model it is.
  std::unique_ptr<embed_server::hosted_model> load(const embed_server::model_source& source,
                                                   const carpool::options& batching = {}) {
    if (source.folder == "broken") throw std::runtime_error("broken/config.json: no such file");
    const auto labels = labels_of(source.folder);
    if (!labels.empty()) return host(source.name, batching, 1, labels);
    if (source.folder == "slow") loading.pass();
    return host(source.name, batching, source.folder == "slow" ? 3 : std::stoi(source.folder));
  }

  void compare(const std::string& name, unsigned percent) {
    auto batched = engine(name, {}, 1), unbatched = engine(name, {.max_batch_size = 1}, 2);
    models.put(
        std::make_shared<embed_server::hosted_model>(std::move(batched), std::move(unbatched), percent));
  }

  static embed_server::served_model fake_model(const std::string& name, const carpool::options& batching,
                                               int number, const std::vector<std::string>& labels) {
    embed_server::served_model model;
    model.name = name;
    model.dimension = labels.empty() ? 4 : labels.size();
    model.labels = labels;
    model.unit_length = number != 1000;
    model.max_tokens = max_tokens;
    if (labels.empty()) model.prompts = {{"query", "q: "}, {"title", "t: "}};
    model.max_batch_size = batching.max_batch_size;
    model.max_queue_size = batching.max_queue_size;
    model.locate_tokens = locate;
    model.decode = decode;
    return model;
  }

  embed_server::local_parts parts(carpool::options batching, int number, std::size_t labels) {
    embed_server::local_parts result;
    const auto statistics = std::make_shared<embed_server::model_statistics>(batching.max_batch_size);
    result.tracing = std::make_shared<embed_server::trace_switch>(statistics);
    batching.observer = result.tracing;
    batching.key_weight = [this](std::uint64_t client) { return service.clients().weights().of(client); };
    result.batching = batching;
    result.tokenize = tokenize;
    result.tokenize_pair = tokenize_pair;
    result.batcher = std::make_unique<embed_server::embedding_batcher>(
        io.get_executor(), batching,
        [this, number, labels](std::span<tokens> texts) { return run_model(texts, number, labels); });
    result.statistics = statistics;
    result.devices = [this, life = alive] { return devices(); };
    return result;
  }

  std::vector<carpool::bert::device_status> devices() const {
    return {{"fake:0", failed_devices < 1}, {"fake:1", failed_devices < 2}};
  }

  std::vector<embedding> run_model(std::span<tokens> texts, int number, std::size_t labels) {
    if (held && number == 1) entrance.pass();
    texts_run += static_cast<int>(texts.size());
    note(texts);
    std::vector<embedding> values;
    for (const tokens& text : texts)
      values.push_back(labels > 0    ? score(text, labels)
                       : text.pooled ? embed(text, number)
                                     : embed_each(text));
    return values;
  }

  void note(std::span<const tokens> texts) {
    const std::lock_guard lock(mutex);
    for (const tokens& text : texts) in_order.emplace_back(text.ids.begin(), text.ids.end());
  }

  gate entrance, loading;
  std::mutex mutex;
  std::vector<std::string> in_order;
  std::atomic<int> failed_devices = 0;
  std::atomic<bool> held = false;
  std::atomic<int> texts_run = 0;
  const embed_server::http_settings settings;
  embed_server::http_threads threads;
  asio::io_context& io = threads.home();
  const std::shared_ptr<int> alive = std::make_shared<int>();  // as many users as models, and this
  embed_server::model_catalog models;
  embed_server::model_repository repository{
      models, [this](const embed_server::model_source& source) { return load(source); }};
  embed_server::embed_service service;
  std::uint16_t port = 0;
  embed_server::server server;
  const embed_server::http_threads::running serving{threads};
  asio::signal_set signals{io, SIGUSR1};
  std::exception_ptr failure;
  bool everything_answered = false;
  std::thread thread;
};

test_server::test_server(const embed_server::limits& limits, const carpool::options& batching,
                         embed_server::http_settings settings, const std::string& folder) {
  settings.limits = limits;
  self_ = std::make_unique<implementation>(settings, batching, folder);
}

test_server::~test_server() {
  release_model();
  release_loading();
  if (!self_->thread.joinable()) return;
  signal();
  self_->thread.join();
}

void test_server::set_tls(std::shared_ptr<asio::ssl::context> context) {
  self_->at_home([&] { self_->server.set_tls(context); });
}

void test_server::set_keys(const std::filesystem::path& file) {
  self_->at_home([&] { self_->service.set_keys(embed_server::api_keys::read(file)); });
}

void test_server::compare(const std::string& name, unsigned percent) {
  self_->at_home([&] { self_->compare(name, percent); });
}

void test_server::add(const std::string& name, const std::string& folder) {
  self_->at_home([&] { self_->repository.begin_with({"", folder}, self_->load({name, folder})); });
}

void test_server::refuse_unknown_models() {
  self_->at_home([&] { self_->service.refuse_unknown_models(); });
}

long test_server::models_alive() const { return self_->alive.use_count() - 1; }

std::uint16_t test_server::port() const { return self_->port; }
carpool::stats test_server::stats() const { return self_->models.get("")->arms().front().engine->stats(); }

void test_server::fail_device() { ++self_->failed_devices; }
void test_server::hold_model() { self_->held = true; }
void test_server::release_model() { self_->entrance.open(); }
void test_server::await_loading() { self_->loading.await_arrivals(1); }
void test_server::release_loading() { self_->loading.open(); }
void test_server::await_run() { self_->entrance.await_arrivals(1); }
int test_server::texts_run() const { return self_->texts_run; }
std::vector<std::string> test_server::texts_in_order() const {
  const std::lock_guard lock(self_->mutex);
  return self_->in_order;
}

void test_server::signal() { std::raise(SIGUSR1); }

bool test_server::wait() {
  self_->thread.join();
  if (self_->failure) std::rethrow_exception(self_->failure);
  return self_->everything_answered;
}

}  // namespace carpool::test
