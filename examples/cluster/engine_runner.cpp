// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "engine_runner.hpp"

#include <carpool/bert/error.hpp>
#include <carpool/error.hpp>

#include <boost/system/system_error.hpp>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace cluster {
namespace {

using embed_server::embedding_engine;

failure_code code_of(const boost::system::error_code& error) {
  using bert = carpool::bert::error;
  if (error == bert::empty_text) return failure_code::empty;
  if (error == bert::text_too_long) return failure_code::too_long;
  if (error == bert::invalid_utf8) return failure_code::not_utf8;
  if (error == carpool::error::expired) return failure_code::expired;
  if (error == carpool::error::device_lost || error == carpool::error::out_of_memory ||
      error == carpool::error::shut_down || error == carpool::error::queue_full)
    return failure_code::unavailable;
  return failure_code::model_failed;
}

asio::awaitable<text_reply> run(embedding_engine& engine, text_request request,
                                carpool::time_point deadline) {
  if (request.token_vectors && !engine.model().gives_token_vectors)
    co_return text_failure{failure_code::unsupported,
                           engine.model().name + " is an exported program, which pools its vectors itself"};
  try {
    const std::vector<std::string> texts{std::move(request.text)};
    embed_server::embedding_job job;
    job.texts = texts;
    job.truncate = request.truncate;
    job.pooled = !request.token_vectors;
    job.deadline = deadline;
    job.priority = request.priority;
    job.client = request.key;
    job.traceparent = request.traceparent;
    auto embedded = co_await engine.embed(std::move(job));
    text_result result{.values = std::move(embedded.vectors.at(0)),
                       .tokens = static_cast<std::uint32_t>(embedded.token_count)};
    co_return result;
  } catch (const boost::system::system_error& failed) {
    co_return text_failure{code_of(failed.code()), failed.code().message()};
  } catch (const std::exception& failed) {
    co_return text_failure{failure_code::model_failed, failed.what()};
  }
}

}  // namespace

text_runner run_on(embedding_engine& engine) {
  return [&engine](text_request request, carpool::time_point deadline) {
    return run(engine, std::move(request), deadline);
  };
}

}  // namespace cluster
