// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "circumstances.hpp"

#include "api_error.hpp"
#include "embed_answer.hpp"
#include <carpool/error.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace embed_server {
namespace {

api_error refusal_of(const refused_text& error, const submitted_texts& request) {
  const api_error cause = from_error_code(error.code());
  std::string name = name_of_text(request, error.index());
  if (!request.paired_with.empty()) name = request.paired_with + " and " + name + " together";
  return {cause.kind(), name + ": " + cause.what(), request.field};
}

}  // namespace

std::size_t circumstances::max_inputs(const limits& limits) const {
  return std::min(limits.inputs, about().max_queue_size);
}

asio::awaitable<embedded_texts> circumstances::run(const submitted_texts& texts, embedding_job job) {
  job.texts = texts.texts;
  job.truncate = texts.truncate;
  job.deadline = deadline;
  job.client = request.client.id;
  job.traceparent = request.traceparent;
  job.admit = [this, fits = std::move(job.admit), pooled = job.pooled](std::size_t token_count) {
    if (fits) fits(token_count);
    const std::size_t rows = pooled ? request.texts : token_count;
    take_memory(rows * about().dimension * longest_number);  // before it costs the model anything
    admit(token_count);
  };
  request.texts = texts.texts.size();
  try {
    embedded_texts result = co_await arm->engine->embed(std::move(job));
    request.model = result.model;
    co_return result;
  } catch (const refused_text& error) {
    throw refusal_of(error, texts);
  } catch (const boost::system::system_error& error) {
    if (error.code() == carpool::error::queue_full) clients.return_tokens(request.client, request.tokens);
    throw;
  }
}

void circumstances::admit(std::size_t token_count) {
  request.tokens = token_count;
  request.preparation = std::chrono::steady_clock::now() - request.arrival;
  clients.count_tokens(request.client, token_count);
  arm->counted->update([&](model_counters& now) { now.tokens += token_count; });
}

void circumstances::take_memory(std::size_t bytes) {
  if (request.memory) request.memory->grow_by(bytes);
}

carpool::duration circumstances::record() {
  const carpool::duration took = std::chrono::steady_clock::now() - request.arrival;
  const auto nanoseconds = static_cast<std::uint64_t>(took.count());
  arm->counted->update([&](model_counters& now) { now.request_time.record(nanoseconds); });
  return took;
}

}  // namespace embed_server
