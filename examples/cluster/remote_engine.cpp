// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "remote_engine.hpp"

#include "embed_server/api_error.hpp"
#include <carpool/bert/error.hpp>
#include <carpool/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <string>
#include <utility>

namespace cluster {
namespace {

using boost::system::system_error;
using embed_server::api_error;
using embed_server::embedded_texts;
using embed_server::embedding_job;
using embed_server::problem;
using embed_server::refused_text;

constexpr std::size_t most_token_vector_values = 64UL << 20;  // of one request

embed_server::served_model describe(const model_card& card, std::size_t max_outstanding,
                                    const std::optional<embed_server::text_tokenizer>& tokenizer) {
  embed_server::served_model model;
  model.name = card.name;
  model.dimension = card.dimension;
  model.max_tokens = card.max_tokens;
  model.precision = card.precision;
  model.pooling = card.pooling;
  model.unit_length = card.unit_length;
  model.prompts = card.prompts;
  model.max_batch_size = card.max_batch_size;
  model.max_queue_size = max_outstanding;
  model.gives_token_vectors = card.gives_token_vectors;
  if (tokenizer) {
    model.locate_tokens = tokenizer->locate_tokens;
    model.decode = tokenizer->decode;
  }
  return model;
}

// The failure of a worker as if the model were in this process.
[[noreturn]] void raise(const text_failure& failure, std::size_t index) {
  using bert = carpool::bert::error;
  switch (failure.code) {
    case failure_code::too_long:
      throw refused_text(index, bert::text_too_long);
    case failure_code::not_utf8:
      throw refused_text(index, bert::invalid_utf8);
    case failure_code::empty:
      throw refused_text(index, bert::empty_text);
    case failure_code::expired:
      throw system_error(make_error_code(carpool::error::expired));
    case failure_code::unavailable:
      throw api_error{problem::unavailable, "a worker cannot run its model: " + failure.message};
    case failure_code::unsupported:
    case failure_code::model_failed:
    case failure_code::unreadable:
    case failure_code::poisonous:
      break;
  }
  throw api_error{problem::model_failed, failure.message};
}

embedded_texts join(std::vector<text_reply> replies, const model_card& card, bool pooled) {
  embedded_texts joined;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (const auto* failure = std::get_if<text_failure>(&replies[i])) raise(*failure, i);
    auto& result = std::get<text_result>(replies[i]);
    const std::size_t count = result.values.size();
    if (count == 0 || count % card.dimension != 0 || (pooled && count != card.dimension))
      throw api_error{problem::model_failed,
                      "a worker sent vectors of another dimension than " + std::to_string(card.dimension)};
    joined.vectors.push_back(std::move(result.values));
    joined.token_count += result.tokens;
  }
  return joined;
}

// How many vectors come back is known only when they have passed through Redis, which must not have to hold
// gigabytes until then. A token has at least one byte; two more tokens begin and end a text.
void check_token_vectors(std::span<const std::string> texts, const model_card& card) {
  std::size_t tokens = 0;
  for (const std::string& text : texts) tokens += std::min(card.max_tokens, text.size() + 2);
  if (tokens <= most_token_vector_values / card.dimension) return;
  throw api_error{problem::invalid,
                  "the vectors of up to " + std::to_string(tokens) + " tokens have more than " +
                      std::to_string(most_token_vector_values) +
                      " values, which is the most that goes through the queue for one request: "
                      "send fewer or shorter texts"};
}

// Counts a job for as long as it lives.
class counted_job {
 public:
  counted_job(std::size_t& jobs, asio::steady_timer& ended) : jobs_(jobs), ended_(ended) { ++jobs_; }
  counted_job(const counted_job&) = delete;
  counted_job& operator=(const counted_job&) = delete;
  ~counted_job() {
    --jobs_;
    ended_.cancel();
  }

 private:
  std::size_t& jobs_;
  asio::steady_timer& ended_;
};

}  // namespace

remote_engine::remote_engine(const asio::any_io_executor& executor, sharded_queue& queue,
                             const model_card& card, std::size_t max_outstanding,
                             const std::optional<embed_server::text_tokenizer>& tokenizer)
    : queue_(queue),
      card_(card),
      model_(describe(card, max_outstanding, tokenizer)),
      job_ended_(executor, asio::steady_timer::time_point::max()) {}

asio::awaitable<embedded_texts> remote_engine::embed(embedding_job job) {
  if (draining_) throw system_error(make_error_code(carpool::error::shut_down));
  const counted_job here{jobs_, job_ended_};
  const auto begin = std::chrono::steady_clock::now();
  std::exception_ptr failure;
  embedded_texts result;
  try {
    result = co_await collect(job);
  } catch (...) {
    failure = std::current_exception();
  }
  result.model = std::chrono::steady_clock::now() - begin;
  for (std::size_t i = 0; i < job.texts.size(); ++i)
    (failure ? totals_.fail : totals_.success).add(result.model);
  if (failure) std::rethrow_exception(failure);
  totals_.inferences += job.texts.size();
  totals_.last_inference = std::chrono::system_clock::now();
  if (job.admit) job.admit(result.token_count);
  co_return result;
}

asio::awaitable<embedded_texts> remote_engine::collect(const embedding_job& job) {
  auto replies = co_await send(job);
  co_return join(std::move(replies), card_, job.pooled);
}

asio::awaitable<std::vector<text_reply>> remote_engine::send(const embedding_job& job) {
  if (queue_.model() && queue_.model() != card_)
    throw api_error{problem::unavailable, "the workers run another model now: restart the gateway"};
  if (!job.pooled) check_token_vectors(job.texts, card_);
  std::vector<text_request> texts;
  for (const std::string& text : job.texts)
    texts.push_back({.text = text,
                     .priority = job.priority,
                     .key = job.client,
                     .truncate = job.truncate,
                     .token_vectors = !job.pooled,
                     .traceparent = std::string(job.traceparent)});
  std::string trouble;
  try {
    auto replies = co_await queue_.submit(std::move(texts), job.deadline);
    co_return replies;
  } catch (const redis_unavailable& error) {
    trouble = error.what();
  }
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(queue_.pause_left());
  throw api_error{problem::unavailable,
                  "the queue takes no texts now: " + trouble,
                  {},
                  std::max(pause, std::chrono::milliseconds{1000})};
}

std::vector<carpool::bert::device_status> remote_engine::devices() const {
  return {{"workers", workers_present()}};
}

void remote_engine::add_metrics(carpool::prometheus_text& text) const {
  text.counter("carpool_cluster_unwanted_replies_total",
               "Replies that came for callers who had left, twice, or for another gateway.",
               queue_.unwanted_replies());
  text.gauge("carpool_cluster_workers_present",
             "1, or 0 if there are no workers of the gateway's model, or Redis is away.",
             workers_present() ? 1 : 0);
  add_queue_metrics(text, queue_.shards(), queue_.readings());
}

asio::awaitable<void> remote_engine::drain() {
  draining_ = true;
  while (jobs_ > 0) co_await job_ended_.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace cluster
