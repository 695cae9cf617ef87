// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "redis_value.hpp"

#include <boost/redis/adapter/any_adapter.hpp>
#include <boost/redis/error.hpp>
#include <boost/redis/resp3/node.hpp>
#include <boost/redis/resp3/type.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace cluster {

/// Builds a redis_value of the nodes that Boost.Redis' parser finds. What an aggregate promises is not
/// believed: memory is taken for what has come.
class redis_tree {
 public:
  using event = boost::redis::any_adapter::parse_event;
  using node = boost::redis::resp3::node_view;

  void operator()(event what, const node& found, boost::system::error_code& failed) {
    if (what != event::node) return;
    if (path_.empty())
      path_.push_back(&(root_ = value_of(found)));
    else if (found.depth == 0 || found.depth > path_.size())
      failed = boost::redis::error::incompatible_node_depth;
    else
      add(found);
  }

  redis_value release() { return std::move(root_); }

 private:
  void add(const node& found) {
    path_.resize(found.depth);
    auto& items = path_.back()->items;
    path_.push_back(&items.emplace_back(value_of(found)));
  }

  static redis_value value_of(const node& found) {
    using boost::redis::resp3::type;
    switch (found.data_type) {
      case type::null:
        return {};
      case type::simple_error:
      case type::blob_error:
        return {.what = redis_value::kind::error, .text = std::string(found.value)};
      default:
        break;
    }
    if (boost::redis::resp3::is_aggregate(found.data_type)) return {.what = redis_value::kind::list};
    return {.what = redis_value::kind::text, .text = std::string(found.value)};
  }

  redis_value root_;
  std::vector<redis_value*> path_;  // the last value of each depth
};

}  // namespace cluster
