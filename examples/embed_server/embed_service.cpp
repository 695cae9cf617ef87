// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_service.hpp"

#include "api_error.hpp"
#include <carpool/observe/prometheus_text.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>
#include <vector>

namespace embed_server {
namespace {

// Long work on the io thread in turns with everything else that goes on there.
class turns {
 public:
  explicit turns(std::size_t work_per_turn) : work_per_turn_(work_per_turn) {}

  // Counts work done; lets others go first when it was a turn's worth.
  asio::awaitable<void> spend(std::size_t work) {
    spent_ += work;
    if (spent_ < work_per_turn_) co_return;
    spent_ = 0;
    co_await asio::post(asio::use_awaitable);
  }

 private:
  std::size_t work_per_turn_;
  std::size_t spent_ = 0;
};

void check_dimensions(const embed_request& request, std::size_t dimension) {
  if (request.dimensions.value_or(1) <= dimension) return;
  throw api_error{problem::invalid,
                  "dimensions must be at most " + std::to_string(dimension) + ", the model's own",
                  "dimensions"};
}

tokens tokenize_one(const served_model& model, const embed_request& request, std::size_t index) {
  try {
    return model.tokenize(request.texts[index], request.truncate);
  } catch (const boost::system::system_error& error) {
    const api_error cause = from_error_code(error.code());
    throw api_error{cause.kind(), name_of_text(request, index) + ": " + cause.what(), request.field};
  }
}

std::size_t count_tokens(const std::vector<tokens>& texts) {
  std::size_t count = 0;
  for (const tokens& text : texts) count += text.size();
  return count;
}

}  // namespace

embed_service::embed_service(served_model model, embedding_batcher& batcher, const limits& limits)
    : model_(std::move(model)), batcher_(batcher), limits_(limits) {}

asio::awaitable<response> embed_service::answer(const request_head& head, endpoint to, std::string body,
                                                carpool::time_point arrival) {
  api_error error{problem::model_failed, "internal error"};
  try {
    switch (to) {
      case endpoint::health:
        co_return health();
      case endpoint::models:
        co_return models();
      case endpoint::metrics:
        co_return metrics();
      case endpoint::options:
        co_return make_response(http::status::no_content, "");
      case endpoint::embed:
      case endpoint::openai_embeddings:
        co_return co_await embed(head, to, std::move(body), arrival);
    }
  } catch (const api_error& found) {
    error = found;
  } catch (const boost::system::system_error& failed) {
    error = from_error_code(failed.code());
  } catch (const std::exception& unexpected) {
    spdlog::error("{}: {}", head.path, unexpected.what());
  }
  co_return render(error, family_of(head.path));
}

response embed_service::health() const {
  if (draining_) return make_response(http::status::service_unavailable, R"({"status":"shutting down"})");
  const auto devices = model_.devices();
  boost::json::array failed;
  for (const auto& device : devices)
    if (!device.works) failed.emplace_back(device.name);
  if (failed.empty()) return make_response(http::status::ok, R"({"status":"ok"})");
  const bool serves = failed.size() < devices.size();
  const boost::json::value found = {{"status", serves ? "degraded" : "no device works any more"},
                                    {"failed_devices", failed}};
  return make_response(serves ? http::status::ok : http::status::service_unavailable,
                       boost::json::serialize(found));
}

response embed_service::models() const {
  const boost::json::value list = {
      {"object", "list"},
      {"data", boost::json::array{
                   {{"id", model_.name}, {"object", "model"}, {"created", 0}, {"owned_by", "carpool"}}}}};
  return make_response(http::status::ok, boost::json::serialize(list));
}

response embed_service::metrics() const {
  const metrics_labels labels{model_.name, model_.max_queue_size};
  const auto gpus = model_.sample_gpus ? model_.sample_gpus() : std::vector<gpu_reading>{};
  return make_response(http::status::ok,
                       render_metrics(batcher_.stats(), counted_, labels, model_.devices(), gpus),
                       carpool::prometheus_text::content_type);
}

asio::awaitable<response> embed_service::embed(const request_head& head, endpoint to, std::string body,
                                               carpool::time_point arrival) {
  auto [request, texts] = co_await prepare(to, std::move(body));
  const std::size_t token_count = count_tokens(texts);
  counted_.tokens += token_count;
  carpool::submit_options options;
  options.deadline = arrival + head.time_limit.value_or(limits_.request_time);
  auto embeddings = co_await batcher_.async_submit_many(std::move(texts), options, asio::use_awaitable);
  response result = co_await write(request, std::move(embeddings), token_count);
  counted_.request_time.record(
      static_cast<std::uint64_t>((std::chrono::steady_clock::now() - arrival).count()));
  co_return result;
}

asio::awaitable<embed_service::submission> embed_service::prepare(endpoint to, std::string body) {
  try {
    // More texts than the queue holds could never be admitted together, however often the client tried.
    const std::size_t max_inputs = std::min(limits_.inputs, model_.max_queue_size);
    embed_request request =
        to == endpoint::embed ? parse_embed(body, max_inputs) : parse_openai(body, max_inputs);
    check_dimensions(request, model_.dimension);
    std::vector<tokens> texts = co_await tokenize(request);
    co_return submission{std::move(request), std::move(texts)};
  } catch (const api_error&) {
    ++counted_.invalid;
    throw;
  }
}

asio::awaitable<std::vector<tokens>> embed_service::tokenize(const embed_request& request) {
  std::vector<tokens> texts;
  texts.reserve(request.texts.size());
  turns turn{limits_.work_per_turn};
  for (std::size_t i = 0; i < request.texts.size(); ++i) {
    texts.push_back(tokenize_one(model_, request, i));
    co_await turn.spend(request.texts[i].size());
  }
  co_return texts;
}

asio::awaitable<response> embed_service::write(const embed_request& request,
                                               std::vector<embedding> embeddings, std::size_t token_count) {
  answer_writer writer{request.form, model_.name};
  turns turn{limits_.work_per_turn};
  for (embedding& values : embeddings) {
    shorten(values, request.dimensions.value_or(values.size()));
    const std::size_t before = writer.size();
    writer.append(values);
    co_await turn.spend(writer.size() - before);
  }
  co_return make_response(http::status::ok, writer.finish(token_count));
}

}  // namespace embed_server
