// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/observe/prometheus.hpp>

#include <support/doctest.hpp>
#include <support/metrics_text.hpp>
#include <support/some_stats.hpp>

#include <chrono>
#include <string>
#include <string_view>

using namespace carpool;

using carpool::test::has_line;
using carpool::test::some_stats;

TEST_CASE("requests add up: submitted is the sum of all outcomes and of what is in flight") {
  const auto text = to_prometheus(some_stats());
  CHECK(has_line(text, "carpool_requests_submitted_total 30"));
  CHECK(has_line(text, "carpool_requests_total{outcome=\"ok\"} 20"));
  CHECK(has_line(text, "carpool_requests_total{outcome=\"error\"} 1"));
  CHECK(has_line(text, "carpool_inflight_requests 3"));
}

TEST_CASE("what a service refused itself counts as submitted and invalid") {
  prometheus_text text;
  write_requests(text, some_stats(), 5);
  const std::string written = text.release();
  CHECK(has_line(written, "carpool_requests_submitted_total 35"));
  CHECK(has_line(written, "carpool_requests_total{outcome=\"invalid\"} 5"));
}

TEST_CASE("batches are told by reason and by size") {
  const auto text = to_prometheus(some_stats());
  CHECK(has_line(text, "carpool_batches_total{trigger=\"full\"} 1"));
  CHECK(has_line(text, "carpool_batches_total{trigger=\"idle\"} 2"));
  CHECK(has_line(text, "carpool_batches_total{trigger=\"timeout\"} 0"));
  CHECK(has_line(text, "carpool_batch_size_bucket{le=\"1\"} 1"));
  CHECK(has_line(text, "carpool_batch_size_bucket{le=\"15\"} 1"));
  CHECK(has_line(text, "carpool_batch_size_bucket{le=\"16\"} 2"));
  CHECK(has_line(text, "carpool_batch_size_bucket{le=\"32\"} 3"));
  CHECK(has_line(text, "carpool_batch_size_bucket{le=\"+Inf\"} 3"));
  CHECK(has_line(text, "carpool_batch_size_sum 49"));
  CHECK(has_line(text, "carpool_batch_size_count 3"));
  CHECK(has_line(text, "carpool_inflight_batches 1"));
  CHECK(has_line(text, "carpool_lost_lanes 0"));
}

TEST_CASE("the queue is told in seconds") {
  const auto text = to_prometheus(some_stats());
  CHECK(has_line(text, "carpool_queue_depth 2"));
  CHECK(has_line(text, "carpool_queue_oldest_age_seconds 0.25"));
  CHECK(has_line(text, "carpool_queue_duration_seconds_bucket{le=\"0.0001\"} 0"));
  CHECK(has_line(text, "carpool_queue_duration_seconds_bucket{le=\"0.00025\"} 1"));
  CHECK(has_line(text, "carpool_queue_duration_seconds_count 1"));
}
