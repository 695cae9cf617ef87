// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "serve_queue.hpp"

#include "embed_server/random_id.hpp"
#include "engine_runner.hpp"
#include "model_registry.hpp"
#include "redis_check.hpp"
#include "redis_error.hpp"
#include "redis_shards.hpp"
#include "run_alone.hpp"
#include "worker.hpp"
#include "worker_http.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace cluster {
namespace {

using namespace asio::experimental::awaitable_operators;

constexpr std::chrono::milliseconds drain_time = std::chrono::seconds{30};

asio::awaitable<void> sleep(std::chrono::milliseconds time) {
  asio::steady_timer timer{co_await asio::this_coro::executor, time};
  co_await timer.async_wait(asio::use_awaitable);
}

// Two batches for each lane: one that runs, and one that can follow at once.
std::size_t capacity_of(const embed_server::embedding_engine& engine) {
  return 2 * engine.stats().lanes * engine.model().max_batch_size;
}

class queue_service {
 public:
  queue_service(asio::io_context& io, const queue_options& given,
                const std::shared_ptr<embed_server::hosted_model>& model)
      : queue_service(io, given, *model->arms().front().engine) {
    if (!given.metrics_port) return;
    http_.emplace(io.get_executor(), given.metrics_host, *given.metrics_port, model);
    std::cout << fmt::format("listening on {} for /metrics, /health and /dashboard\n", http_->address())
              << std::flush;
  }

  // Whether everything that was taken has been answered.
  asio::awaitable<bool> serve() {
    std::exception_ptr failed;
    bool finished = false;
    try {
      finished = co_await work();
    } catch (...) {
      failed = std::current_exception();
    }
    if (http_) co_await http_->close();
    if (failed) std::rethrow_exception(failed);
    co_return finished;
  }

 private:
  queue_service(asio::io_context& io, const queue_options& given, embed_server::embedding_engine& engine)
      : queue_(given.queue),
        keys_(given.queue),
        name_("worker-" + embed_server::random_id(16)),
        card_(card_of(engine.model())),
        shards_wanted_(given.shards),
        shards_(io.get_executor(), settings_of(given), queue_, name_, given.lease),
        worker_(io.get_executor(), shards_.source(), run_on(engine),
                {.capacity = capacity_of(engine), .lease = given.lease}) {}

  asio::awaitable<bool> work() {
    std::signal(SIGHUP, SIG_IGN);  // there is nothing that a worker could read again
    asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
    if (!co_await introduce(signals)) co_return true;
    const auto ended = co_await (worker_.work() || look_after_queue() || stop_when_signalled(signals));
    const bool finished = ended.index() == 0;
    if (finished) co_await leave();
    const auto& counted = worker_.counted();
    std::cout << fmt::format(
                     "received {} entries, {} of them abandoned by others; replied to {}, rejected {}\n",
                     counted.received, counted.adopted, counted.replied, counted.rejected)
              << std::flush;
    if (finished && !other_model_.empty())
      throw std::runtime_error("--queue: the workers of this queue now run another model, " + other_model_ +
                               ", and this one " + to_json(card_) + "; give each model a queue of its own");
    co_return finished;
  }

  // The queue may be away at first. False if the user has had enough of waiting for it.
  asio::awaitable<bool> introduce(asio::signal_set& signals) {
    for (bool said = false;; said = true) {
      std::string trouble;
      try {
        co_await announce_or_refuse();
        co_await shards_.follow(shards_wanted_);
        const std::string shards = shards_.size() > 1 ? fmt::format(", {} shards", shards_.size()) : "";
        std::cout << fmt::format("{} takes texts from the queue {}{}\n", name_, queue_, shards) << std::flush;
        co_return true;
      } catch (const redis_unavailable& error) {
        trouble = error.what();
      }
      if (!said) spdlog::warn("{}; trying again", trouble);
      const auto what = co_await (sleep(announce_interval / 10) || signals.async_wait(asio::use_awaitable));
      if (what.index() == 1) co_return false;
    }
  }

  asio::awaitable<void> announce_or_refuse() {
    std::string other;
    if (!co_await announce(shards_.connection(), keys_, card_, other))
      throw std::runtime_error("--queue: the workers of this queue run another model, " + other +
                               ", and this one " + to_json(card_) + "; give each model a queue of its own");
  }

  asio::awaitable<void> look_after_queue() {
    auto next_roll_call = std::chrono::steady_clock::now();
    for (bool complained = false; other_model_.empty();) {
      co_await sleep(announce_interval);
      try {
        co_await announce(shards_.connection(), keys_, card_, other_model_);
        const std::size_t before = shards_.size();
        co_await shards_.follow(shards_wanted_);
        if (shards_.size() > before)
          spdlog::info("shards of the queue {} from now on: {}", queue_, shards_.size());
        const auto now = std::chrono::steady_clock::now();
        if (now < next_roll_call) continue;
        co_await shards_.remove_silent();  // Redis goes through all workers, so not each of them every time
        next_roll_call = now + remembered;
      } catch (const redis_unavailable&) {            // the worker has noticed, and says so
      } catch (const boost::system::system_error&) {  // the worker has finished
        throw;
      } catch (const std::runtime_error& error) {
        if (!std::exchange(complained, true)) spdlog::error("cannot look after the queue: {}", error.what());
      }
    }
    spdlog::error("the workers of this queue now run another model: finishing what has been taken");
    co_await stop_taking();
    co_await sleep(drain_time);
  }

  // Ends only when the time for finishing is over.
  asio::awaitable<void> stop_when_signalled(asio::signal_set& signals) {
    const int signal = co_await signals.async_wait(asio::use_awaitable);
    spdlog::info("signal {}: finishing what has been taken", signal);
    co_await stop_taking();
    co_await (sleep(drain_time) || signals.async_wait(asio::use_awaitable));
  }

  // What is being read just now belongs to this worker, too.
  asio::awaitable<void> stop_taking() {
    if (http_) http_->start_draining();
    co_await shards_.source().quiet();
    worker_.stop();
    shards_.source().go_on();
  }

  asio::awaitable<void> leave() {
    try {
      co_await shards_.leave();
    } catch (const std::exception& error) {
      spdlog::warn("cannot leave the group of workers: {}", error.what());
    }
  }

  std::string queue_;
  queue_keys keys_;
  std::string name_;
  model_card card_;
  std::string other_model_;  // that of the other workers, once there are such
  std::size_t shards_wanted_;
  redis_shards shards_;
  worker worker_;
  std::optional<worker_http> http_;
};

}  // namespace

bool serve_queue(asio::io_context& io, const queue_options& given,
                 const std::shared_ptr<embed_server::hosted_model>& model) {
  queue_service service{io, given, model};
  return run_alone(io, service.serve());
}

bool check_redis(const queue_options& given) {
  asio::io_context io{1};
  redis_facts facts;
  try {
    facts = run_alone(io, ask_for_facts(io.get_executor(), settings_of(given), given.queue));
  } catch (const redis_unavailable& error) {
    throw std::runtime_error(std::string(error.what()) + "; is Redis running at --redis " + given.redis +
                             "?");
  }
  const auto complaints = what_is_wrong(facts);
  for (const std::string& each : complaints) std::cout << each << '\n';
  if (complaints.empty()) std::cout << "Redis is set up well.\n";
  return complaints.empty();
}

}  // namespace cluster
