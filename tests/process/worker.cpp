// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What carpool-worker refuses before it loads a model or looks for Redis.

#include "support/doctest.hpp"
#include "support/server_process.hpp"

#include <string>

using namespace carpool::test;

TEST_CASE("a worker refuses classifiers of every kind, which its queue has no words for") {
  for (const std::string kind : {"topics", "reranker"}) {
    server_process worker({CARPOOL_WORKER, "--device", "cpu", "--redis", "127.0.0.1:1", "--model",
                           CARPOOL_TEST_GOLDENS "/classifier/" + kind});
    CHECK(worker.wait() == 1);
    const std::string log = worker.log();
    INFO(log);
    CHECK(log.find("/classifier/" + kind + " holds a classifier, but the queue carries embeddings only") !=
          log.npos);
  }
}
