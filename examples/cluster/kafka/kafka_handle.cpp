// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "kafka_handle.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cluster {
namespace {

using reason = std::array<char, 512>;

spdlog::level::level_enum level_of(int syslog_level) {
  if (syslog_level <= 3) return spdlog::level::err;
  if (syslog_level == 4) return spdlog::level::warn;
  return syslog_level <= 6 ? spdlog::level::info : spdlog::level::debug;
}

// Called from librdkafka's threads. All properties are given to producer and consumer, which wonder at those
// of the other one.
void log(const rd_kafka_t*, int level, const char* facility, const char* line) {
  if (std::string_view{line}.find("will be ignored by this") != std::string_view::npos) return;
  spdlog::log(level_of(level), "Kafka: {}: {}", facility, line);
}

void set(rd_kafka_conf_t& conf, const std::string& name, const std::string& value) {
  reason why{};
  if (rd_kafka_conf_set(&conf, name.c_str(), value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
    throw std::invalid_argument("Kafka: " + name + " = \"" + value + "\": " + why.data());
}

void set(rd_kafka_conf_t& conf, const kafka_properties& properties) {
  for (const auto& [name, value] : properties) set(conf, name, value);
}

// In librdkafka's own spelling.
std::string value_of(const rd_kafka_conf_t& conf, const std::string& name) {
  std::size_t size = 0;  // with the zero at the end
  rd_kafka_conf_get(&conf, name.c_str(), nullptr, &size);
  std::string value(size, '\0');
  rd_kafka_conf_get(&conf, name.c_str(), value.data(), &size);
  return value.c_str();
}

// What a program relies on is not for others to choose, and silence would have them believe that they did.
// Properties and values have other names, which librdkafka knows: so it is asked what it has understood.
void set_all_but(const kafka_properties& fixed, rd_kafka_conf_t& conf, const kafka_properties& chosen) {
  kafka_properties before;
  for (const auto& [name, value] : fixed) before[name] = value_of(conf, name);
  for (const auto& [name, value] : chosen) {
    set(conf, name, value);
    for (const auto& [kept, as] : before)
      if (value_of(conf, kept) != as)
        throw std::invalid_argument("Kafka: " + name + " = \"" + value + "\": it must be \"" +
                                    fixed.at(kept) + "\" here; leave it out");
  }
}

}  // namespace

kafka_conf make_conf(const kafka_settings& settings, const kafka_properties& defaults,
                     kafka_properties fixed) {
  kafka_conf conf{rd_kafka_conf_new()};
  fixed["bootstrap.servers"] = settings.brokers;
  set(*conf, defaults);
  set(*conf, fixed);
  set_all_but(fixed, *conf, settings.properties);
  rd_kafka_conf_set_log_cb(conf.get(), log);
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int, const char*, void*) {});  // it is in the log
  return conf;
}

kafka_handle make_handle(rd_kafka_type_t type, kafka_conf conf) {
  reason why{};
  kafka_handle handle{rd_kafka_new(type, conf.get(), why.data(), why.size())};
  if (!handle) throw std::invalid_argument(std::string("Kafka: ") + why.data());
  conf.release();  // belongs to the handle now
  return handle;
}

}  // namespace cluster
