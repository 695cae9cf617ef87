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
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <utility>

namespace embed_server {
namespace {

response ok(std::string body) { return make_response(http::status::ok, std::move(body)); }

response dashboard() {
  response answer = make_response(http::status::ok, std::string(dashboard_page), "text/html; charset=utf-8");
  answer.set(http::field::content_security_policy,
             "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
             "img-src data:");
  return answer;
}

response events() {
  response answer{http::status::ok, 11};
  answer.set(http::field::content_type, event_stream_type);
  return answer;
}

}  // namespace

void check_model(const destination& where, const served_model& model) {
  if (!where.model.empty() && where.model != model.name)
    throw api_error{problem::not_found,
                    "there is no model \"" + where.model + "\"; this server has \"" + model.name + '"'};
  if (!where.version.empty() && where.version != "1")
    throw api_error{problem::not_found, "there is no version " + where.version + " of the model, only 1"};
}

server_facts::server_facts(const embedding_engine& engine, const limits& limits, const counters& counted)
    : engine_(engine), limits_(limits), counted_(counted) {}

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
      return events();
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
      return models();
    case endpoint::info:
      return ok(tei_info(engine_.model(), limits_));
    case endpoint::another_model:
      throw api_error{problem::model_failed,
                      engine_.model().name + " makes embeddings; that takes a model of another kind"};
    case endpoint::server_metadata:
      return ok(server_metadata());
    case endpoint::server_live:
      return ok(R"({"live":true})");
    case endpoint::server_ready:
      return readiness();
    default:
      return of_model(where);
  }
}

response server_facts::of_model(const destination& where) const {
  check_model(where, engine_.model());
  switch (where.to) {
    case endpoint::model_ready:
      return readiness();
    case endpoint::model_metadata:
      return ok(model_metadata(engine_.model()));
    case endpoint::model_config:
      return ok(model_configuration(engine_.model()));
    default:
      return ok(statistics_of(engine_.model(), engine_.totals()));
  }
}

bool server_facts::ready() const {
  return !draining_ && std::ranges::any_of(engine_.devices(), &carpool::bert::device_status::works);
}

response server_facts::readiness() const {
  return ready() ? ok(R"({"ready":true})")
                 : make_response(http::status::service_unavailable, R"({"ready":false})");
}

response server_facts::health() const {
  if (draining_) return make_response(http::status::service_unavailable, R"({"status":"shutting down"})");
  const auto devices = engine_.devices();
  boost::json::array failed;
  for (const auto& device : devices)
    if (!device.works) failed.emplace_back(device.name);
  if (failed.empty()) return ok(R"({"status":"ok"})");
  const bool serves = failed.size() < devices.size();
  const boost::json::value found = {{"status", serves ? "degraded" : "no device works any more"},
                                    {"failed_devices", failed}};
  return make_response(serves ? http::status::ok : http::status::service_unavailable,
                       boost::json::serialize(found));
}

response server_facts::models() const {
  const boost::json::value list = {
      {"object", "list"},
      {"data",
       boost::json::array{
           {{"id", engine_.model().name}, {"object", "model"}, {"created", 0}, {"owned_by", "carpool"}}}}};
  return ok(boost::json::serialize(list));
}

std::string server_facts::metrics() const {
  const served_model& model = engine_.model();
  counters counted = counted_;
  if (log_ != nullptr) counted.lost_log_lines = log_->dropped();
  const auto gpus = engine_.sample_gpus();
  const carpool::stats stats = engine_.stats();
  const metrics_labels labels{model.name, model.max_batch_size, model.max_queue_size};
  std::string text = render_metrics(stats, counted, labels, engine_.devices(), gpus);
  if (compat_.tei) text += render_tei_metrics(stats, counted);
  if (compat_.triton) text += render_triton_metrics(stats, engine_.totals(), model.name, gpus);
  carpool::prometheus_text others;
  engine_.add_metrics(others);
  return text + others.release();
}

}  // namespace embed_server
