// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "infer_answer.hpp"

#include "embed_answer.hpp"
#include "json_text.hpp"

#include <bit>

namespace embed_server {
namespace {

// Everything in front of the values, which are the last thing in either form.
std::string opening(const infer_request& request, std::string_view model, std::size_t count,
                    std::size_t dimension) {
  std::string out = "{";
  if (!request.id.empty()) out += R"("id":)" + json_string(request.id) + ',';
  out += R"("model_name":)" + json_string(model) + R"(,"model_version":"1","outputs":[{"name":")" +
         request.output + R"(","datatype":"FP32","shape":[)" + std::to_string(count) + ',' +
         std::to_string(dimension) + "],";
  if (!request.binary_output) return out + R"("data":[)";
  return out + R"("parameters":{"binary_data_size":)" + std::to_string(count * dimension * sizeof(float)) +
         "}}]}";
}

}  // namespace

infer_writer::infer_writer(const infer_request& request, std::string_view model, std::size_t count,
                           std::size_t dimension)
    : binary_(request.binary_output),
      out_(opening(request, model, count, dimension)),
      json_size_(out_.size()) {}

void infer_writer::append(std::span<const float> values) {
  static_assert(std::endian::native == std::endian::little, "the protocol's byte order");
  if (binary_) {
    check_finite(values);
    out_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    return;
  }
  if (!std::exchange(first_, false)) out_ += ',';
  append_elements(out_, values);
}

response infer_writer::finish() {
  if (!binary_) return make_response(http::status::ok, std::move(out_) + "]}]}");
  response answer = make_response(http::status::ok, std::move(out_), "application/octet-stream");
  answer.set("Inference-Header-Content-Length", std::to_string(json_size_));
  return answer;
}

}  // namespace embed_server
