// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/observe/prometheus_text.hpp>

#include <support/doctest.hpp>

#include <limits>

using carpool::prometheus_text;

TEST_CASE("metrics are lines of text under Prometheus' rules") {
  prometheus_text text;
  text.family("a_total", "counter", "Some things.");
  text.sample("a_total", {{"x", "1\"2\\3\n4"}, {"y", ""}}, 3);
  text.gauge("b", "A value.", 0.25);
  text.gauge("c", "A large value.", std::uint64_t{1} << 40);
  CHECK(text.release() ==
        "# HELP a_total Some things.\n# TYPE a_total counter\na_total{x=\"1\\\"2\\\\3\\n4\",y=\"\"} 3\n"
        "# HELP b A value.\n# TYPE b gauge\nb 0.25\n"
        "# HELP c A large value.\n# TYPE c gauge\nc 1099511627776\n");
}

TEST_CASE("what is no number or has no end is written as Prometheus reads it") {
  prometheus_text text;
  text.gauge("a", "A mean of nothing.", -std::numeric_limits<double>::quiet_NaN());
  text.gauge("b", "No limit.", std::numeric_limits<double>::infinity());
  CHECK(text.release() ==
        "# HELP a A mean of nothing.\n# TYPE a gauge\na NaN\n# HELP b No limit.\n# TYPE b gauge\nb inf\n");
}

TEST_CASE("a histogram has its buckets, all values, their sum and number") {
  prometheus_text text;
  const std::pair<double, std::uint64_t> buckets[] = {{0.5, 1}, {1, 3}};
  text.histogram("h", "Some values.", buckets, 4.25, 4);
  CHECK(text.release() ==
        "# HELP h Some values.\n# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"1\"} 3\n"
        "h_bucket{le=\"+Inf\"} 4\nh_sum 4.25\nh_count 4\n");
}

TEST_CASE("samples of a metric stand together, whoever adds them, and common labels come first") {
  prometheus_text text;
  text.set_common_labels({{"model", "a"}});
  text.gauge("b", "A value.", 1);
  text.gauge("c", "Another.", 2);
  text.set_common_labels({{"model", "x"}, {"arm", "y"}});
  text.family("b", "gauge", "A value.");
  text.sample("b", {{"z", "1"}}, 3);
  text.set_common_labels({});
  text.gauge("c", "Another.", 4);
  CHECK(text.release() ==
        "# HELP b A value.\n# TYPE b gauge\nb{model=\"a\"} 1\nb{model=\"x\",arm=\"y\",z=\"1\"} 3\n"
        "# HELP c Another.\n# TYPE c gauge\nc{model=\"a\"} 2\nc 4\n");
  CHECK(text.release().empty());
}
