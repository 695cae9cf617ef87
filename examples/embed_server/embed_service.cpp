// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_service.hpp"

#include "api_error.hpp"
#include "content_coding.hpp"
#include "dashboard_page.hpp"
#include "embed_answer.hpp"
#include "event_stream.hpp"
#include "infer_answer.hpp"
#include "infer_metadata.hpp"
#include "self_description.hpp"
#include "tokenizer_answer.hpp"
#include "tokenizer_service.hpp"
#include "turns.hpp"
#include <carpool/observe/prometheus_text.hpp>

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

void check_model(const destination& where, const served_model& model) {
  if (!where.model.empty() && where.model != model.name)
    throw api_error{problem::not_found,
                    "there is no model \"" + where.model + "\"; this server has \"" + model.name + '"'};
  if (!where.version.empty() && where.version != "1")
    throw api_error{problem::not_found, "there is no version " + where.version + " of the model, only 1"};
}

// Whether the fault lies in what was asked, which the batcher then never saw.
bool is_invalid(const api_error& error) {
  switch (error.kind()) {
    case problem::malformed:
    case problem::invalid:
    case problem::empty_input:
    case problem::not_found:
    case problem::body_too_large:
      return true;
    default:
      return false;
  }
}

void check_dimensions(const embed_request& request, std::size_t dimension) {
  if (request.dimensions.value_or(1) <= dimension) return;
  throw api_error{problem::invalid,
                  "dimensions must be at most " + std::to_string(dimension) + ", the model's own",
                  "dimensions"};
}

tokens tokenize_one(const served_model& model, const submitted_texts& request, std::size_t index) {
  try {
    return model.tokenize(request.texts[index], request.truncate);
  } catch (const boost::system::system_error& error) {
    const api_error cause = from_error_code(error.code());
    throw api_error{cause.kind(), name_of_text(request, index) + ": " + cause.what(), request.field};
  }
}

// The vectors of so many tokens must fit an answer.
void check_vectors(std::size_t token_count, const served_model& model, std::size_t limit) {
  if (!model.gives_token_vectors)
    throw api_error{problem::model_failed,
                    model.name + " is an exported program, which pools its vectors itself"};
  if (token_count <= limit / model.dimension) return;
  throw api_error{problem::invalid,
                  "inputs has " + std::to_string(token_count) + " tokens, of which " +
                      std::to_string(limit / model.dimension) +
                      " can be answered at most: send fewer or shorter texts",
                  "inputs"};
}

std::size_t count_tokens(const std::vector<tokens>& texts) {
  std::size_t count = 0;
  for (const tokens& text : texts) count += text.size();
  return count;
}

}  // namespace

embed_service::embed_service(served_model model, embedding_batcher& batcher, const limits& limits)
    : model_(std::move(model)), batcher_(batcher), limits_(limits), traces_(model_.tracing) {}

asio::awaitable<response> embed_service::answer(exchange& request, destination where, std::string body) {
  api_error error{problem::model_failed, "internal error"};
  const request_head& head = request.head;
  const circumstances when{request, request.arrival + head.time_limit.value_or(limits_.request_time)};
  if (runs_model(where.to)) ++counted_.requests;
  try {
    if (head.has_body) body = co_await decompress(head, std::move(body));
    switch (where.to) {
      case endpoint::embed:
        co_return co_await embed(std::move(body), when);
      case endpoint::embed_all:
        co_return co_await embed_all(std::move(body), when);
      case endpoint::tokenize:
        co_return co_await answer_tokenize(model_, limits_, std::move(body));
      case endpoint::decode:
        co_return co_await answer_decode(model_, limits_, std::move(body));
      case endpoint::similarity:
        co_return co_await similarity(std::move(body), when);
      case endpoint::openai_embeddings:
        co_return co_await embed_for_openai(std::move(body), when);
      case endpoint::infer:
        check_model(where, model_);
        co_return co_await infer(head.json_size, std::move(body), when);
      case endpoint::trace:
        co_return co_await traces_.answer(head.query);
      default:
        co_return describe(where);
    }
  } catch (const api_error& found) {
    error = found;
  } catch (const boost::system::system_error& failed) {
    error = from_error_code(failed.code());
  } catch (const std::exception& unexpected) {
    spdlog::error("{}: {}", head.path, unexpected.what());
  }
  if (runs_model(where.to) && is_invalid(error)) ++counted_.invalid;
  co_return render(error, family_of(head.path));
}

void embed_service::start_draining() {
  draining_ = true;
  traces_.hurry();
}

void embed_service::set_keys(api_keys keys) {
  keys_ = std::move(keys);
  rates_.keep_only(keys_);
}

api_client embed_service::identify(const request_head& head, endpoint to) const {
  if (is_for_admins(to) && !keys_.required())
    throw api_error{problem::forbidden,
                    "this is for admins, and there are none: the server runs without --api-keys"};
  if (!keys_.required() || is_open(to)) return {.rates = limits_.rates};
  if (!head.key)
    throw api_error{problem::unauthorized,
                    "an API key is needed: Authorization: Bearer KEY, or x-api-key: KEY"};
  const api_client* const found = keys_.find(*head.key);
  if (found == nullptr) throw api_error{problem::unauthorized, "Incorrect API key provided."};
  if (is_for_admins(to) && !found->admin)
    throw api_error{problem::forbidden,
                    "this is for admins: keys that the server's file of keys marks as admin"};
  api_client client = *found;
  client.rates = client.rates.or_else(limits_.rates);
  return client;
}

void embed_service::count_request(const api_client& client, endpoint to) {
  if (runs_model(to)) rates_.count_request(client, std::chrono::steady_clock::now());
}

void embed_service::tell_rates(response& answer, const exchange& request) {
  if (family_of(request.head.path) == api_family::openai)
    rates_.tell(answer, request.client, std::chrono::steady_clock::now());
}

// Everything that is known without running the model.
response embed_service::describe(const destination& where) const {
  check_model(where, model_);
  const auto ok = [](std::string body) { return make_response(http::status::ok, std::move(body)); };
  switch (where.to) {
    case endpoint::health:
      return health();
    case endpoint::ping:
      return ready() ? ok("") : make_response(http::status::service_unavailable, "");
    case endpoint::info:
      return ok(tei_info(model_, limits_));
    case endpoint::another_model:
      throw api_error{problem::model_failed,
                      model_.name + " makes embeddings; that takes a model of another kind"};
    case endpoint::models:
      return models();
    case endpoint::metrics:
      return make_response(http::status::ok, metrics(), carpool::prometheus_text::content_type);
    case endpoint::dashboard:
      return dashboard();
    case endpoint::dashboard_events: {
      response answer{http::status::ok, 11};
      answer.set(http::field::content_type, event_stream_type);
      return answer;
    }
    case endpoint::openapi:
      return openapi_answer();
    case endpoint::docs:
      return docs_answer();
    case endpoint::server_metadata:
      return ok(server_metadata());
    case endpoint::server_live:
      return ok(R"({"live":true})");
    case endpoint::server_ready:
    case endpoint::model_ready:
      return ready() ? ok(R"({"ready":true})")
                     : make_response(http::status::service_unavailable, R"({"ready":false})");
    case endpoint::model_metadata:
      return ok(model_metadata(model_));
    case endpoint::model_config:
      return ok(model_configuration(model_));
    case endpoint::model_statistics:
      return ok(statistics_of(model_, model_.statistics->read()));
    default:
      return make_response(http::status::no_content, "");  // OPTIONS
  }
}

bool embed_service::ready() const {
  return !draining_ && std::ranges::any_of(model_.devices(), &carpool::bert::device_status::works);
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

response embed_service::dashboard() {
  response answer = make_response(http::status::ok, std::string(dashboard_page), "text/html; charset=utf-8");
  answer.set(http::field::content_security_policy,
             "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
             "img-src data:");
  return answer;
}

std::string embed_service::metrics() const {
  const metrics_labels labels{model_.name, model_.max_batch_size, model_.max_queue_size};
  counters counted = counted_;
  if (log_ != nullptr) counted.lost_log_lines = log_->dropped();
  const auto gpus = model_.sample_gpus ? model_.sample_gpus() : std::vector<gpu_reading>{};
  const carpool::stats stats = batcher_.stats();
  std::string text = render_metrics(stats, counted, labels, model_.devices(), gpus);
  if (compat_.tei) text += render_tei_metrics(stats, counted);
  if (compat_.triton) text += render_triton_metrics(stats, model_.statistics->read(), model_.name, gpus);
  return text;
}

asio::awaitable<response> embed_service::embed(std::string body, circumstances when) {
  const embed_request request = parse_embed(body, max_inputs());
  auto [answer, token_count, took] = co_await embed(request, when);
  add_effort(answer, model_, request, token_count, took);
  co_return std::move(answer);
}

asio::awaitable<response> embed_service::embed_for_openai(std::string body, circumstances when) {
  const embed_request request = parse_openai(body, max_inputs());
  auto [answer, token_count, took] = co_await embed(request, when);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took.total);
  answer.set("openai-processing-ms", std::to_string(milliseconds.count()));
  co_return std::move(answer);
}

asio::awaitable<embed_service::embedded> embed_service::embed(const embed_request& request,
                                                              circumstances when) {
  check_dimensions(request, model_.dimension);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<tokens> texts = co_await tokenize(request);
  const auto tokenization = std::chrono::steady_clock::now() - begin;
  const std::size_t token_count = count_tokens(texts);
  auto embeddings = co_await run_model(std::move(texts), when);
  response answer =
      make_response(http::status::ok, co_await write(request, std::move(embeddings), token_count));
  co_return embedded{std::move(answer), token_count, {tokenization, record(when)}};
}

asio::awaitable<response> embed_service::embed_all(std::string body, circumstances when) {
  const submitted_texts request = parse_embed_all(body, max_inputs());
  const auto begin = std::chrono::steady_clock::now();
  std::vector<tokens> texts = co_await tokenize(request);
  const auto tokenization = std::chrono::steady_clock::now() - begin;
  const std::size_t token_count = count_tokens(texts);
  check_vectors(token_count, model_, limits_.token_vector_values);
  for (tokens& text : texts) text.pooled = false;
  const auto vectors = co_await run_model(std::move(texts), when);
  turns turn{limits_.work_per_turn};
  std::string out;
  for (const embedding& values : vectors) {
    out += out.empty() ? '[' : ',';
    const std::size_t before = out.size();
    append_vectors(out, values, model_.dimension);
    co_await turn.spend(out.size() - before);
  }
  response answer = make_response(http::status::ok, std::move(out) + ']');
  add_effort(answer, model_, request, token_count, {tokenization, record(when)});
  co_return answer;
}

asio::awaitable<response> embed_service::similarity(std::string body, circumstances when) {
  const submitted_texts request = parse_similarity(body, max_inputs());
  const auto embeddings = co_await run_model(co_await tokenize(request), when);
  record(when);
  co_return make_response(http::status::ok, tei_similarities(embeddings));
}

asio::awaitable<response> embed_service::infer(std::optional<std::size_t> json_size, std::string body,
                                               circumstances when) {
  const infer_request request = parse_infer(body, json_size, max_inputs());
  std::vector<tokens> texts = co_await tokenize(request);
  if (request.time_limit) when.deadline = when.request.arrival + *request.time_limit;
  const auto embeddings = co_await run_model(std::move(texts), when, request.priority);
  infer_writer writer{request, model_.name, embeddings.size(), model_.dimension};
  turns turn{limits_.work_per_turn};
  for (const embedding& values : embeddings) {
    const std::size_t before = writer.size();
    writer.append(values);
    co_await turn.spend(writer.size() - before);
  }
  record(when);
  co_return writer.finish();
}

asio::awaitable<std::string> embed_service::decompress(const request_head& head, std::string body) {
  if (head.content_encoding.empty() || head.content_encoding == "identity") co_return body;
  body_decoder decoder{body, limits_.body_size};
  turns turn{limits_.work_per_turn};
  while (decoder.decode_some(limits_.work_per_turn)) co_await turn.spend(limits_.work_per_turn);
  co_return decoder.release();
}

asio::awaitable<std::vector<tokens>> embed_service::tokenize(const submitted_texts& request) {
  std::vector<tokens> texts;
  texts.reserve(request.texts.size());
  turns turn{limits_.work_per_turn};
  for (std::size_t i = 0; i < request.texts.size(); ++i) {
    texts.push_back(tokenize_one(model_, request, i));
    co_await turn.spend(request.texts[i].size());
  }
  co_return texts;
}

asio::awaitable<std::vector<embedding>> embed_service::run_model(std::vector<tokens> texts,
                                                                 circumstances when, std::int8_t priority) {
  exchange& request = when.request;
  const auto begin = std::chrono::steady_clock::now();
  request.texts = texts.size();
  request.tokens = count_tokens(texts);
  request.preparation = begin - request.arrival;
  rates_.count_tokens(request.client, request.tokens, begin);
  counted_.tokens += request.tokens;
  const carpool::submit_options options{
      .deadline = when.deadline, .priority = priority, .key = request.client.id};
  auto embeddings = co_await batcher_.async_submit_many(std::move(texts), options, asio::use_awaitable);
  request.model = std::chrono::steady_clock::now() - begin;
  co_return embeddings;
}

asio::awaitable<std::string> embed_service::write(const embed_request& request,
                                                  std::vector<embedding> embeddings,
                                                  std::size_t token_count) {
  answer_writer writer{request.form, model_.name};
  turns turn{limits_.work_per_turn};
  for (embedding& values : embeddings) {
    shorten(values, request.dimensions.value_or(values.size()));
    const std::size_t before = writer.size();
    writer.append(values);
    co_await turn.spend(writer.size() - before);
  }
  co_return writer.finish(token_count);
}

// More texts than the queue holds could never be admitted together, however often the client tried.
std::size_t embed_service::max_inputs() const { return std::min(limits_.inputs, model_.max_queue_size); }

carpool::duration embed_service::record(circumstances when) {
  const carpool::duration took = std::chrono::steady_clock::now() - when.request.arrival;
  counted_.request_time.record(static_cast<std::uint64_t>(took.count()));
  return took;
}

}  // namespace embed_server
