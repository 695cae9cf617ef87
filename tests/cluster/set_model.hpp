// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cluster/model_card.hpp"
#include "support/redis_server.hpp"

#include <cstddef>
#include <string>

namespace carpool::test {

/// As if there were a worker of a model of that name.
inline void set_model(const redis_server& redis, const std::string& name, std::size_t dimension) {
  cluster::model_card card;
  card.name = name;
  card.dimension = dimension;
  card.max_tokens = 9;
  redis.ask("SET '{cp:default}:model' '" + to_json(card) + "'");
}

}  // namespace carpool::test
