// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "infer_metadata.hpp"

#include "infer_request.hpp"
#include <carpool/version.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <chrono>

namespace embed_server {
namespace {

namespace json = boost::json;

constexpr const char* platform = "carpool_libtorch";

json::value as_json(const model_statistics::sum& sum) {
  return {{"count", sum.count}, {"ns", sum.nanoseconds}};
}

json::array batch_statistics(const model_statistics::snapshot& done) {
  json::array rows;
  for (std::size_t size = 0; size < done.by_size.size(); ++size) {
    const auto& batches = done.by_size[size];
    if (batches.compute_infer.count == 0) continue;
    rows.push_back({{"batch_size", size},
                    {"compute_input", as_json(batches.compute_input)},
                    {"compute_infer", as_json(batches.compute_infer)},
                    {"compute_output", as_json(batches.compute_output)}});
  }
  return rows;
}

json::object model_statistics_of(const hosted_model& model) {
  const model_statistics::snapshot done = model.totals();
  const model_statistics::sum none;
  const auto last =
      std::chrono::duration_cast<std::chrono::milliseconds>(done.last_inference.time_since_epoch());
  const json::object inference{{"success", as_json(done.success)},
                               {"fail", as_json(done.fail)},
                               {"queue", as_json(done.queue)},
                               {"compute_input", as_json(done.by_text.compute_input)},
                               {"compute_infer", as_json(done.by_text.compute_infer)},
                               {"compute_output", as_json(done.by_text.compute_output)},
                               {"cache_hit", as_json(none)},
                               {"cache_miss", as_json(none)}};
  return {{"name", model.about().name},         {"version", "1"},
          {"last_inference", last.count()},     {"inference_count", done.inferences},
          {"execution_count", done.executions}, {"inference_stats", inference},
          {"response_stats", json::object{}},   {"batch_stats", batch_statistics(done)},
          {"memory_usage", json::array{}}};
}

}  // namespace

std::string server_metadata() {
  return json::serialize(
      json::value{{"name", "carpool"},
                  {"version", CARPOOL_VERSION_STRING},
                  {"extensions", json::array{"binary_tensor_data", "statistics", "model_configuration"}}});
}

std::string model_metadata(const served_model& model) {
  const json::array inputs{{{"name", input_name}, {"datatype", "BYTES"}, {"shape", json::array{-1, 1}}}};
  const json::array outputs{
      {{"name", output_of(model)}, {"datatype", "FP32"}, {"shape", json::array{-1, model.dimension}}}};
  return json::serialize(json::value{{"name", model.name},
                                     {"versions", json::array{"1"}},
                                     {"platform", platform},
                                     {"inputs", inputs},
                                     {"outputs", outputs}});
}

std::string model_configuration(const served_model& model) {
  const json::array input{{{"name", input_name}, {"data_type", "TYPE_STRING"}, {"dims", json::array{1}}}};
  const json::array output{
      {{"name", output_of(model)}, {"data_type", "TYPE_FP32"}, {"dims", json::array{model.dimension}}}};
  return json::serialize(
      json::value{{"name", model.name},
                  {"platform", platform},
                  {"max_batch_size", model.max_batch_size},
                  {"input", input},
                  {"output", output},
                  {"dynamic_batching",
                   {{"priority_levels", priority_levels}, {"default_priority_level", default_priority}}}});
}

std::string statistics_of(std::span<const std::shared_ptr<hosted_model>> models) {
  json::array all;
  for (const auto& each : models) all.push_back(model_statistics_of(*each));
  return json::serialize(json::object{{"model_stats", all}});
}

}  // namespace embed_server
