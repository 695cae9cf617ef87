// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_service.hpp"

#include "api_error.hpp"
#include "decompress.hpp"
#include "embed_request.hpp"
#include "infer_service.hpp"
#include "json_fields.hpp"
#include "repository_service.hpp"
#include "score_service.hpp"
#include "suitability.hpp"
#include "tokenizer_service.hpp"
#include "vector_service.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <spdlog/spdlog.h>

#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace embed_server {
namespace {

// Whether the fault lies in what was asked, which the model's queue then never saw.
bool is_invalid(const api_error& error) {
  switch (error.kind()) {
    case problem::malformed:
    case problem::invalid:
    case problem::empty_input:
    case problem::not_found:
    case problem::unknown_model:
    case problem::unsuitable_model:
    case problem::body_too_large:
      return true;
    default:
      return false;
  }
}

}  // namespace

embed_service::embed_service(const model_catalog& models, const limits& limits)
    : models_(models),
      limits_(limits),
      clients_(limits.rates),
      memory_(limits.requests_memory),
      facts_(models, limits_, counted_),
      traces_(models) {}

void embed_service::set_keys(api_keys keys) {
  clients_.set_keys(std::move(keys));
  for (const auto& model : models_.served()) model->reconsider_weights();
}

void embed_service::start_draining() {
  facts_.start_draining();
  traces_.hurry();
}

asio::awaitable<response> embed_service::answer(exchange& request, destination where, std::string body) {
  std::optional<api_error> error;
  const request_head& head = request.head;
  const endpoint to = where.to;
  circumstances when{request, clients_, request.arrival + head.time_limit.value_or(limits_.request_time)};
  try {
    if (is_compressed(head)) body = co_await decompress(request, std::move(body), limits_);
    response found = co_await dispatch(std::move(where), std::move(body), when);
    tell_variant(found, when);
    co_return found;
  } catch (const api_error& found) {
    error.emplace(found);
  } catch (const boost::system::system_error& failed) {
    error.emplace(from_error_code(failed.code()));
  } catch (const std::bad_alloc& shortage) {
    spdlog::error("{}: {}", head.path, shortage.what());
    error.emplace(problem::unavailable, "there is not enough memory for this at the moment");
  } catch (const std::exception& unexpected) {
    spdlog::error("{}: {}", head.path, unexpected.what());
    error.emplace(problem::model_failed, "internal error");
  }
  response refused = render(*error, family_of(head.path));
  tell_variant(refused, when);
  if (runs_model(to) && is_invalid(*error)) count_invalid(when);
  co_return refused;
}

asio::awaitable<response> embed_service::dispatch(destination where, std::string body, circumstances& when) {
  if (facts_only_ && !is_about_the_server(where.to))
    throw api_error{problem::not_found, "the work of this program does not come over HTTP"};
  switch (where.to) {
    case endpoint::tokenize:
      use(when, models_.get(""));
      co_return co_await answer_tokenize(when, limits_, std::move(body));
    case endpoint::decode:
      use(when, models_.get(""));
      co_return co_await answer_decode(when, limits_, std::move(body));
    case endpoint::openai_embeddings:
      co_return co_await run_for_openai(std::move(body), when);
    case endpoint::embed:
    case endpoint::embed_all:
    case endpoint::similarity:
    case endpoint::rerank:
    case endpoint::predict:
    case endpoint::infer:
      choose(when, find_model(models_, where));
      check_can_do(when.about(), where.to);
      co_return co_await run(where.to, std::move(body), when);
    case endpoint::trace:
      co_return co_await traces_.answer(when.request.head.query);
    case endpoint::repository_index:
    case endpoint::model_load:
    case endpoint::model_unload:
      co_return co_await manage_models(std::move(where), std::move(body));
    default:
      co_return facts_.answer(where);
  }
}

asio::awaitable<response> embed_service::manage_models(destination where, std::string body) {
  if (repository_ == nullptr)
    throw api_error{problem::not_implemented, "the models of this server cannot be changed while it runs"};
  co_return co_await answer_repository(*repository_, std::move(where), std::move(body));
}

// Those who compare ways to run a model learn which one it was.
void embed_service::tell_variant(response& answer, const circumstances& when) {
  if (when.arm != nullptr && !when.arm->variant.empty()) answer.set("x-carpool-variant", when.arm->variant);
}

// What the path says which model it is for.
asio::awaitable<response> embed_service::run(endpoint to, std::string body, circumstances& when) {
  switch (to) {
    case endpoint::embed_all:
      return answer_embed_all(when, limits_, std::move(body));
    case endpoint::similarity:
      return answer_similarity(when, limits_, std::move(body));
    case endpoint::rerank:
      return answer_rerank(when, limits_, std::move(body));
    case endpoint::predict:
      return answer_predict(when, limits_, std::move(body));
    case endpoint::infer:
      return answer_infer(when, limits_, std::move(body));
    default:
      return answer_embed(when, limits_, std::move(body));
  }
}

// What the body says which model it is for.
asio::awaitable<response> embed_service::run_for_openai(std::string body, circumstances& when) {
  embed_request request = parse_openai(body, limits_.inputs);
  choose(when, model_for_openai(request.model));
  check_can_do(when.about(), endpoint::openai_embeddings);
  check_batch_size(request.field, request.texts.size(), when.max_inputs(limits_));
  return answer_openai(when, limits_, std::move(request));
}

void embed_service::choose(circumstances& when, std::shared_ptr<hosted_model> model) {
  use(when, std::move(model));
  when.arm = &when.model->arm_for(when.request);
  when.request.variant = when.arm->variant;
  when.arm->counted->update([](model_counters& now) { ++now.requests; });
}

void embed_service::use(circumstances& when, std::shared_ptr<hosted_model> model) {
  when.model = std::move(model);
  when.request.model_name = when.about().name;
}

std::shared_ptr<hosted_model> embed_service::model_for_openai(const std::string& name) const {
  const bool must_be_known = strict_ && !name.empty();
  return must_be_known ? models_.get(name) : models_.get_or_for(name, endpoint::openai_embeddings);
}

// Of what was refused before anybody knew which model it is for, the default keeps count.
void embed_service::count_invalid(circumstances& when) const {
  if (when.arm == nullptr) {
    when.model = models_.first();
    if (when.model == nullptr) return;
    when.arm = &when.model->arms().front();
    when.arm->counted->update([](model_counters& now) { ++now.requests; });
  }
  when.arm->counted->update([](model_counters& now) { ++now.invalid; });
}

}  // namespace embed_server
