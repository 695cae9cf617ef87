// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "model_card.hpp"
#include "queue_keys.hpp"
#include "redis_connection.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>

namespace cluster {

/// For how long after the last worker's last sign of life its queue is known to have workers.
inline constexpr std::chrono::milliseconds announced_for = std::chrono::seconds{10};
inline constexpr std::chrono::milliseconds announce_interval = announced_for / 4;

/// Says that a worker of this queue runs this model, for announced_for. False if the queue has workers of
/// another model, which `found` then is. Throws redis_unavailable.
asio::awaitable<bool> announce(redis_connection& redis, const queue_keys& keys, const model_card& card,
                               std::string& found);

/// The model of the queue's workers; empty if there are none. Throws redis_unavailable, and
/// std::runtime_error for a description that cannot be read.
asio::awaitable<std::optional<model_card>> find_model(redis_connection& redis, const queue_keys& keys);

}  // namespace cluster
