// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cluster {

/// Whether Kafka takes this for the name of a topic.
inline bool is_topic_name(std::string_view text) {
  constexpr std::size_t longest = 249;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](unsigned char each) {
    return each < 0x80 && (std::isalnum(each) || each == '.' || each == '_' || each == '-');
  });
}

/// The topics of one queue in Kafka.
struct kafka_topics {
  /// `name` tells queues that share a Kafka apart. Throws std::invalid_argument if it has anything but
  /// letters, digits, '_' and '-': with a '.', one queue's topic for replies could be another one's for
  /// requests.
  explicit kafka_topics(const std::string& name) : prefix("cp." + name + ".") {
    if (name.empty() || name.find('.') != std::string::npos || !is_topic_name(dead()))
      throw std::invalid_argument("\"" + name +
                                  "\" cannot name a queue in Kafka: that takes letters, digits, '_' and '-', "
                                  "at least 1 and at most 241");
  }

  std::string requests() const { return prefix + "req"; }
  std::string dead() const { return prefix + "dead"; }
  std::string replies(const std::string& gateway) const { return prefix + "rep." + gateway; }

  /// The group in which workers read requests.
  std::string group() const { return prefix + "w"; }

  /// Whether replies may be written there: nobody has workers write to other topics.
  bool takes_replies(const std::string& topic) const {
    return topic.starts_with(prefix + "rep.") && is_topic_name(topic);
  }

  std::string prefix;
};

}  // namespace cluster
