// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_answer.hpp"

#include "api_error.hpp"
#include "json_text.hpp"

#include <fmt/compile.h>
#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace embed_server {
namespace {

bool is_openai(answer_form form) {
  return form == answer_form::openai_floats || form == answer_form::openai_base64;
}

std::string_view opening(answer_form form) {
  if (is_openai(form)) return R"({"object":"list","data":[)";
  return form == answer_form::object ? R"({"embedding":)" : "[";
}

constexpr std::size_t around = 256;  // bytes of an answer that are not values

std::size_t longest_value(answer_form form) {
  return form == answer_form::openai_base64 ? (sizeof(float) * 4 + 2) / 3 : longest_number;
}

}  // namespace

// Counts them all, which the compiler does for several at once: to stop at the first would take longer.
void check_finite(std::span<const float> values) {
  if (std::ranges::count_if(values, [](float value) { return !std::isfinite(value); }) > 0)
    throw api_error{problem::model_failed, "the model failed: its result holds a value that is not finite"};
}

void scale_to_unit(embedding& values) {
  double square = 0;
  for (const float value : values) square += double{value} * double{value};
  if (square == 0) return;
  const double scale = 1 / std::sqrt(square);
  for (float& value : values) value = static_cast<float>(value * scale);
}

embedding pool_tokens(std::span<const float> vectors, std::size_t dimension, bool mean) {
  if (!mean) return {vectors.begin(), vectors.begin() + static_cast<std::ptrdiff_t>(dimension)};
  std::vector<double> sums(dimension);
  for (std::size_t at = 0; at < vectors.size(); at += dimension)
    for (std::size_t i = 0; i < dimension; ++i) sums[i] += double{vectors[at + i]};
  const auto count = static_cast<double>(vectors.size() / dimension);
  embedding pooled;
  pooled.reserve(dimension);
  for (const double sum : sums) pooled.push_back(static_cast<float>(sum / count));
  return pooled;
}

answer_writer::answer_writer(answer_form form, std::string_view model)
    : form_(form), model_(model), out_(opening(form)) {}

void answer_writer::append(std::span<const float> values) {
  if (count_ == 0) out_.reserve(around + longest_value(form_) * values.size());  // mostly it is the only one
  if (count_ > 0) out_ += ',';
  if (is_openai(form_)) {
    out_ += R"({"object":"embedding","index":)";
    out_ += std::to_string(count_);
    out_ += R"(,"embedding":)";
  }
  if (form_ == answer_form::openai_base64) {
    append_base64((out_ += '"'), values);
    out_ += '"';
  } else {
    append_numbers(out_, values);
  }
  if (is_openai(form_)) out_ += '}';
  ++count_;
}

std::string answer_writer::finish(std::size_t tokens) {
  if (form_ == answer_form::object) out_ += '}';
  if (form_ == answer_form::lists) out_ += ']';
  if (is_openai(form_)) {
    const std::string count = std::to_string(tokens);
    out_.append(R"(],"model":)").append(json_string(model_));
    out_.append(R"(,"usage":{"prompt_tokens":)").append(count);
    out_.append(R"(,"total_tokens":)").append(count).append("}}");
  }
  return std::move(out_);
}

// {fmt} writes the fewest digits that bring the value back, as std::to_chars does, in less time.
void append_elements(std::string& out, std::span<const float> values) {
  check_finite(values);
  const std::size_t start = out.size();
  out.resize(start + longest_number * values.size());
  char* at = out.data() + start;
  for (const float value : values) {
    at = fmt::format_to(at, FMT_COMPILE("{}"), value);
    *at++ = ',';
  }
  if (!values.empty()) --at;
  out.resize(static_cast<std::size_t>(at - out.data()));
}

void append_numbers(std::string& out, std::span<const float> values) {
  out += '[';
  append_elements(out, values);
  out += ']';
}

void append_base64(std::string& out, std::span<const float> values) {
  static_assert(std::endian::native == std::endian::little, "the protocol's byte order");
  check_finite(values);
  const std::size_t start = out.size();
  out.resize(start + (values.size_bytes() + 2) / 3 * 4);
  // It puts a null behind them, where a string has one anyway.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + start),
                  reinterpret_cast<const unsigned char*>(values.data()),
                  static_cast<int>(values.size_bytes()));
}

}  // namespace embed_server
