// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/metrics.hpp"

#include "support/doctest.hpp"
#include "support/metrics_text.hpp"
#include "support/some_stats.hpp"

#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace embed_server;
using carpool::test::has_line;
using carpool::test::some_stats;

namespace {

model_reading reading(const carpool::stats& stats, const std::string& model = "m") {
  model_reading one;
  one.model = model;
  one.max_batch_size = 32;
  one.max_queue_size = 64;
  one.stats = stats;
  return one;
}

std::string render_one(const model_reading& one, const counters& counted = {}) {
  return render_metrics(std::span(&one, 1), counted);
}

}  // namespace

TEST_CASE("requests add up: submitted is the sum of all outcomes and of what is in flight") {
  model_reading one = reading(some_stats());
  one.counted.invalid = 5;
  const auto text = render_one(one);
  CHECK(has_line(text, "carpool_requests_submitted_total{model=\"m\"} 35"));
  CHECK(has_line(text, "carpool_requests_total{model=\"m\",outcome=\"ok\"} 20"));
  CHECK(has_line(text, "carpool_requests_total{model=\"m\",outcome=\"invalid\"} 5"));
  CHECK(has_line(text, "carpool_requests_total{model=\"m\",outcome=\"rejected\"} 2"));
  CHECK(has_line(text, "carpool_requests_total{model=\"m\",outcome=\"expired\"} 3"));
  CHECK(has_line(text, "carpool_requests_total{model=\"m\",outcome=\"cancelled\"} 1"));
  CHECK(has_line(text, "carpool_requests_total{model=\"m\",outcome=\"error\"} 1"));
  CHECK(has_line(text, "carpool_requests_total{model=\"m\",outcome=\"shutdown\"} 0"));
  CHECK(has_line(text, "carpool_inflight_requests{model=\"m\"} 3"));
}

TEST_CASE("of each GPU everything is told that its driver tells, and nothing else") {
  const std::vector<gpu_reading> gpus{{"cuda:0", {.busy = 0.75, .memory_used = 400, .processes = 2}},
                                      {"cuda:1", {.memory_used = 500, .memory_total = 800}, 0.25}};
  model_reading with_gpus = reading(some_stats());
  with_gpus.gpus = gpus;
  const std::vector both{with_gpus, with_gpus};  // two models on the same GPUs
  const auto text = render_metrics(both, {});
  CHECK(has_line(text, "carpool_gpu_utilization_ratio{device=\"cuda:0\"} 0.75"));
  CHECK(has_line(text, "carpool_gpu_memory_used_bytes{device=\"cuda:0\"} 400"));
  CHECK(has_line(text, "carpool_gpu_memory_used_bytes{device=\"cuda:1\"} 500"));
  CHECK(has_line(text, "carpool_gpu_processes{device=\"cuda:0\"} 2"));
  CHECK(has_line(text, "carpool_gpu_memory_headroom_bytes{device=\"cuda:1\"} 200"));
  CHECK(text.find("carpool_gpu_memory_headroom_bytes{device=\"cuda:0\"}") == std::string::npos);
  CHECK(text.find("carpool_gpu_utilization_ratio{device=\"cuda:1\"}") == std::string::npos);
  CHECK(text.find("carpool_gpu_power_watts") == std::string::npos);
  CHECK(render_one(reading(some_stats())).find("carpool_gpu") == std::string::npos);
}

TEST_CASE("B37: lost devices and their lanes are told") {
  carpool::stats stats = some_stats();
  stats.lanes = 4;
  stats.lost_lanes = 2;
  model_reading with_devices = reading(stats);
  with_devices.devices = {{"cuda:0", true}, {"cuda:1", false}};
  const auto text = render_one(with_devices);
  CHECK(has_line(text, "carpool_lanes{model=\"m\"} 4"));
  CHECK(has_line(text, "carpool_lost_lanes{model=\"m\"} 2"));
  CHECK(has_line(text, "carpool_device_works{model=\"m\",device=\"cuda:0\"} 1"));
  CHECK(has_line(text, "carpool_device_works{model=\"m\",device=\"cuda:1\"} 0"));
}

TEST_CASE("batches and the queue are told too") {
  const auto text = render_one(reading(some_stats()));
  CHECK(has_line(text, "carpool_inflight_batches{model=\"m\"} 1"));
  CHECK(has_line(text, "carpool_queue_depth{model=\"m\"} 2"));
  CHECK(has_line(text, "carpool_admission_limit{model=\"m\"} 64"));
  CHECK(has_line(text, "carpool_max_batch_size{model=\"m\"} 32"));
}

TEST_CASE("no metric is given twice and all belong to carpool or the process") {
  counters counted;
  counted.answers[200] = 4;
  const auto text = render_one(reading(some_stats()), counted);
  CHECK(has_line(text, "carpool_http_responses_total{code=\"200\"} 4"));
  CHECK(text.find("process_resident_memory_bytes ") != std::string::npos);
  CHECK(text.find("process_open_fds ") != std::string::npos);
  std::set<std::string> series;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    CAPTURE(line);
    CHECK((line.starts_with("carpool_") || line.starts_with("process_")));
    CHECK(series.insert(line.substr(0, line.rfind(' '))).second);
  }
}

TEST_CASE("several models, and ways to run one, share a metric and are told apart by labels") {
  model_reading batched = reading(some_stats(), "a"), alone = reading({}, "a");
  batched.variant = "batched";
  alone.variant = "unbatched";
  alone.max_batch_size = 1;
  const std::vector all{batched, alone, reading(some_stats(), "b")};
  const auto text = render_metrics(all, {});
  CHECK(has_line(text, R"(carpool_max_batch_size{model="a",variant="batched"} 32)"));
  CHECK(has_line(text, R"(carpool_max_batch_size{model="a",variant="unbatched"} 1)"));
  CHECK(has_line(text, R"(carpool_requests_total{model="b",outcome="ok"} 20)"));
  CHECK(has_line(text, R"(carpool_batch_size_bucket{model="a",variant="batched",le="16"} 2)"));
  const auto first = text.find("# TYPE carpool_queue_depth ");
  CHECK(first != std::string::npos);
  CHECK(text.find("# TYPE carpool_queue_depth ", first + 1) == std::string::npos);
}
