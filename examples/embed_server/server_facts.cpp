// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "server_facts.hpp"

#include "api_error.hpp"
#include "dashboard_page.hpp"
#include "event_stream.hpp"
#include "infer_metadata.hpp"
#include "self_description.hpp"
#include "tei_answer.hpp"
#include <carpool/observe/prometheus_text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <set>
#include <span>
#include <utility>

namespace embed_server {
namespace {

namespace json = boost::json;

response ok(std::string body) { return make_response(http::status::ok, std::move(body)); }

response dashboard() {
  response answer = make_response(http::status::ok, std::string(dashboard_page), "text/html; charset=utf-8");
  answer.set(http::field::content_security_policy,
             "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
             "img-src data:");
  return answer;
}

response readiness(bool ready) {
  return ready ? ok(R"({"ready":true})")
               : make_response(http::status::service_unavailable, R"({"ready":false})");
}

response event_answer() {
  response answer{http::status::ok, 11};
  answer.set(http::field::content_type, event_stream_type);
  return answer;
}

json::object openai_model(const served_model& model) {
  return {{"id", model.name}, {"object", "model"}, {"created", 0}, {"owned_by", "carpool"}};
}

}  // namespace

std::shared_ptr<hosted_model> find_model(const model_catalog& models, const destination& where) {
  auto found = where.model.empty() ? models.get_for(where.to) : models.get(where.model);
  if (!where.version.empty() && where.version != "1")
    throw api_error{problem::unknown_model, "there is no version " + where.version + " of the model, only 1"};
  return found;
}

server_facts::server_facts(const model_catalog& models, const limits& limits,
                           const guarded<counters>& counted)
    : models_(models), limits_(limits), counted_(counted) {}

response server_facts::answer(const destination& where) const {
  switch (where.to) {
    case endpoint::health:
      return health();
    case endpoint::ping:
      return make_response(ready() ? http::status::ok : http::status::service_unavailable, "");
    case endpoint::metrics:
      return make_response(http::status::ok, metrics(), carpool::prometheus_text::content_type);
    case endpoint::dashboard:
      return dashboard();
    case endpoint::dashboard_events:
      return event_answer();
    case endpoint::openapi:
      return openapi_answer();
    case endpoint::docs:
      return docs_answer();
    case endpoint::options:
      return make_response(http::status::no_content, "");
    default:
      return of_protocols(where);
  }
}

response server_facts::of_protocols(const destination& where) const {
  switch (where.to) {
    case endpoint::models:
      return list_models();
    case endpoint::info:
      return ok(tei_info(models_.get("")->about(), limits_));
    case endpoint::another_model:
      throw api_error{problem::unsuitable_model,
                      "that takes a model of another kind than " + models_.get("")->about().name};
    case endpoint::server_metadata:
      return ok(server_metadata());
    case endpoint::server_live:
      return ok(R"({"live":true})");
    case endpoint::server_ready:
      return readiness(ready());
    case endpoint::all_statistics:
      return ok(statistics_of(models_.served()));
    default:
      return of_model(where);
  }
}

response server_facts::of_model(const destination& where) const {
  const auto model = find_model(models_, where);
  switch (where.to) {
    case endpoint::one_model:
      return ok(json::serialize(openai_model(model->about())));
    case endpoint::model_ready:
      return readiness(!draining_ && model->works());
    case endpoint::model_metadata:
      return ok(model_metadata(model->about()));
    case endpoint::model_config:
      return ok(model_configuration(model->about()));
    default:
      return ok(statistics_of(std::span(&model, 1)));
  }
}

bool server_facts::ready() const {
  return !draining_ && std::ranges::any_of(models_.served(), &hosted_model::works);
}

response server_facts::health() const {
  if (draining_) return make_response(http::status::service_unavailable, R"({"status":"shutting down"})");
  const auto served = models_.served();
  std::set<std::string> devices, models;
  for (const auto& model : served) {
    if (!model->works()) models.insert(model->about().name);
    for (const auto& device : model->devices())
      if (!device.works) devices.insert(device.name);
  }
  const bool serves = ready();
  json::object found{{"status", serves           ? devices.empty() ? "ok" : "degraded"
                                : served.empty() ? "no model is loaded"
                                                 : "no device works any more"}};
  if (!devices.empty()) found.emplace("failed_devices", json::array(devices.begin(), devices.end()));
  if (serves && !models.empty()) found.emplace("failed_models", json::array(models.begin(), models.end()));
  return make_response(serves ? http::status::ok : http::status::service_unavailable, json::serialize(found));
}

response server_facts::list_models() const {
  json::array data;
  for (const auto& model : models_.served()) data.push_back(openai_model(model->about()));
  return ok(json::serialize(json::object{{"object", "list"}, {"data", data}}));
}

std::string server_facts::metrics() const {
  counters counted = counted_.read();
  if (log_ != nullptr) counted.lost_log_lines = log_->dropped();
  const auto served = models_.served();
  const auto readings = read(served);
  std::string text = render_metrics(readings, counted);
  if (compat_.tei) text += render_tei_metrics(readings);
  if (compat_.triton) text += render_triton_metrics(readings);
  carpool::prometheus_text others;
  for (const auto& model : served) {
    for (const model_arm& arm : model->arms()) {
      others.set_common_labels(labels_of(model->about().name, arm.variant));
      arm.engine->add_metrics(others);
    }
  }
  return text + others.release();
}

// A quarter, so that what changes from one event to the next belongs to about the time between them.
std::shared_ptr<const std::string> server_facts::event(carpool::time_point now) {
  if (!event_ || now - event_written_ >= carpool::duration(limits_.event_interval) / 4) {
    event_ = std::make_shared<const std::string>(to_event(metrics()));
    event_written_ = now;
  }
  return event_;
}

}  // namespace embed_server
