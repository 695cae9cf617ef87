// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "local_engine.hpp"

#include "turns.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace embed_server {
namespace {

std::size_t count_tokens(const std::vector<tokens>& texts) {
  std::size_t count = 0;
  for (const tokens& text : texts) count += text.size();
  return count;
}

}  // namespace

local_engine::local_engine(served_model model, local_parts parts, std::size_t work_per_turn)
    : model_(std::move(model)), parts_(std::move(parts)), work_per_turn_(work_per_turn) {}

asio::awaitable<embedded_texts> local_engine::embed(embedding_job job) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<tokens> texts = co_await tokenize(job);
  embedded_texts result{.vectors = {}, .token_count = count_tokens(texts)};
  if (job.admit) job.admit(result.token_count);
  const auto submitted = std::chrono::steady_clock::now();
  result.preparation = submitted - begin;
  const carpool::submit_options options{
      .deadline = job.deadline, .priority = job.priority, .key = job.client};
  result.vectors = co_await parts_.batcher->async_submit_many(std::move(texts), options, asio::use_awaitable);
  result.model = std::chrono::steady_clock::now() - submitted;
  co_return result;
}

asio::awaitable<std::vector<tokens>> local_engine::tokenize(const embedding_job& job) {
  std::vector<tokens> texts;
  texts.reserve(job.texts.size());
  turns turn{work_per_turn_};
  for (std::size_t i = 0; i < job.texts.size(); ++i) {
    const auto query = job.queries.empty() ? std::nullopt : job.queries[i];
    try {
      texts.push_back(query ? parts_.tokenize_pair(*query, job.texts[i], job.truncate)
                            : parts_.tokenize(job.texts[i], job.truncate));
    } catch (const boost::system::system_error& error) {
      throw refused_text(i, error.code());
    }
    texts.back().pooled = job.pooled;
    co_await turn.spend(query.value_or("").size() + job.texts[i].size());
  }
  co_return texts;
}

std::vector<gpu_reading> local_engine::sample_gpus() const {
  return parts_.sample_gpus ? parts_.sample_gpus() : std::vector<gpu_reading>{};
}

asio::awaitable<void> local_engine::drain() { co_await parts_.batcher->async_drain(asio::use_awaitable); }

}  // namespace embed_server
