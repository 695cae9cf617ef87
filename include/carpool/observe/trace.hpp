// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/observe/json_string.hpp>
#include <carpool/observe/observer.hpp>
#include <carpool/observe/ring_buffer.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <locale>
#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace carpool {

/// Remembers the last requests and batches and writes them as a trace for https://ui.perfetto.dev or
/// chrome://tracing: a track per lane with its batches and their collate, model and split; every request as
/// an async span from its arrival to its end, with an arrow into the batch that carried it; the number of
/// waiting requests over time. Or as a recording, from which bench_recommend finds out which options would do
/// best.
///
///     auto trace = std::make_shared<carpool::trace_recorder>();
///     carpool::DynamicBatcher<...> batcher{{.observer = trace}, ...};
///     ...
///     std::ofstream file("trace.json");
///     trace->write(file);
///
/// Format: "Trace Event Format" of the Chrome project. Thread-safe. Memory is taken at construction: about
/// 350 bytes per remembered event.
class trace_recorder final : public observer {
 public:
  /// Remembers so many of the latest requests, and as many batches.
  explicit trace_recorder(std::size_t capacity = 10'000) : requests_(capacity), batches_(capacity) {}

  void on_batch_finished(const batch_report& batch) noexcept override {
    const std::lock_guard lock(mutex_);
    batches_.push(batch);
  }

  void on_request_ended(const request_report& request) noexcept override {
    const std::lock_guard lock(mutex_);
    requests_.push(request);
  }

  /// Writes what is remembered and happened at `since` or later.
  void write(std::ostream& out, time_point since = time_point::min()) const {
    const auto [requests, batches] = remembered(since);
    std::ostream plain(out.rdbuf());  // JSON's numbers have no flags and no locale, whatever `out` has
    plain.imbue(std::locale::classic());
    write_events(plain, requests, batches);
    out.setstate(plain.rdstate());
  }

  /// Writes the same as what simulate::trace_reader reads: when requests arrived, and what batches cost,
  /// unless they failed or batch_work made no cost of them that is a finite number, at least 0.
  void write_recording(std::ostream& out, time_point since = time_point::min()) const {
    const auto [requests, batches] = remembered(since);
    const time_point start = first_of(requests, batches);
    for (const request_report& r : requests)
      out << "request," << seconds(r.arrival - start) << ',' << shortest(r.work) << '\n';
    for (const batch_report& b : batches) {
      if (b.failure) continue;  // how long a failure takes says nothing about the model
      if (!(b.work >= 0 && std::isfinite(b.work))) continue;
      out << "batch," << seconds(b.started - start) << ',' << std::to_string(b.size) << ','
          << shortest(b.work) << ',' << seconds(b.finished - b.started) << '\n';
    }
  }

 private:
  static void write_events(std::ostream& out, const std::vector<request_report>& requests,
                           const std::vector<batch_report>& batches) {
    event_writer events(out, first_of(requests, batches));
    std::map<std::uint64_t, const batch_report*> by_id;
    for (const batch_report& batch : batches) {
      events.batch(batch);
      by_id[batch.id] = &batch;
    }
    for (const request_report& request : requests) {
      const auto found = by_id.find(request.batch);
      events.request(request, found == by_id.end() ? nullptr : found->second);
    }
    events.queue_depth(changes_of_depth(requests));
  }

  using depth_changes = std::vector<std::pair<time_point, int>>;

  /// Writes single events; the file is complete when it goes.
  class event_writer {
   public:
    event_writer(std::ostream& out, time_point start) : out_(out), start_(start) {
      out_ << "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
           << R"({"ph":"M","pid":1,"name":"process_name","args":{"name":"carpool"}})"
           << ",\n"
           << R"({"ph":"M","pid":1,"tid":0,"name":"thread_name","args":{"name":"arrivals"}})";
    }
    event_writer(const event_writer&) = delete;
    event_writer& operator=(const event_writer&) = delete;
    ~event_writer() { out_ << "\n]}\n"; }

    void batch(const batch_report& b) {
      name_lane(b.lane);
      begin("X", b.lane + 1, b.started)
          << ",\"dur\":" << microseconds(b.finished - b.started) << ",\"name\":\"batch of " << b.size
          << "\",\"args\":{\"batch\":" << b.id << ",\"size\":" << b.size
          << ",\"work\":" << (std::isfinite(b.work) ? shortest(b.work) : "null") << ",\"left\":\""
          << to_string(b.reason) << "\",\"failed\":" << (b.failure == nullptr ? "false" : "true") << "}}";
      time_point at = b.started;
      for (const auto& [name, took] :
           {std::pair{"collate", b.times.collate}, std::pair{"model", b.times.model},
            std::pair{"split", b.times.split}}) {
        if (took > duration::zero())
          begin("X", b.lane + 1, at) << ",\"dur\":" << microseconds(took) << ",\"name\":\"" << name << "\"}";
        at += took;
      }
    }

    /// The arrow needs a slice to start from, hence the short one at the arrival.
    void request(const request_report& r, const batch_report* in) {
      span("b", r, r.arrival) << ",\"args\":{\"outcome\":" << json_string(r.why ? r.why.message() : "ok")
                              << ",\"queue_us\":" << microseconds(r.queue)
                              << ",\"fill_us\":" << microseconds(r.fill) << ",\"batch\":" << r.batch << "}}";
      span("e", r, r.ended) << "}";
      if (in == nullptr) return;
      begin("X", 0, r.arrival) << ",\"dur\":1,\"name\":\"request " << r.id << "\"}";
      begin("s", 0, r.arrival) << ",\"cat\":\"ride\",\"id\":" << r.id << ",\"name\":\"ride\"}";
      begin("f", in->lane + 1, in->started)
          << ",\"bp\":\"e\",\"cat\":\"ride\",\"id\":" << r.id << ",\"name\":\"ride\"}";
    }

    void queue_depth(const depth_changes& changes) {
      int depth = 0;
      for (const auto& [when, by] : changes) {
        depth += by;
        begin("C", 0, when) << ",\"name\":\"waiting requests\",\"args\":{\"waiting\":" << depth << "}}";
      }
    }

   private:
    std::ostream& begin(const char* phase, std::size_t track, time_point when) {
      return out_ << ",\n{\"ph\":\"" << phase << "\",\"pid\":1,\"tid\":" << track
                  << ",\"ts\":" << microseconds(when - start_);
    }

    std::ostream& span(const char* phase, const request_report& r, time_point when) {
      return begin(phase, 0, when) << ",\"cat\":\"request\",\"id\":" << r.id << ",\"name\":\"request\"";
    }

    void name_lane(std::size_t lane) {
      if (lane < named_.size() && named_[lane]) return;
      named_.resize(std::max(named_.size(), lane + 1));
      named_[lane] = true;
      out_ << ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":" << lane + 1
           << ",\"name\":\"thread_name\",\"args\":{\"name\":\"lane " << lane << "\"}}";
    }

    static std::string microseconds(duration time) {
      const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
      std::string text = std::to_string(nanoseconds / 1000) + '.';
      const std::string rest = std::to_string(nanoseconds % 1000);
      return text.append(3 - std::min<std::size_t>(rest.size(), 3), '0').append(rest);
    }

    std::ostream& out_;
    time_point start_;
    std::vector<bool> named_;
  };

  // As text, because a stream may be set to any precision and locale.
  static std::string shortest(double number) {
    std::array<char, 32> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
  }
  static std::string seconds(duration time) { return shortest(std::chrono::duration<double>(time).count()); }

  std::pair<std::vector<request_report>, std::vector<batch_report>> remembered(time_point since) const {
    std::pair<std::vector<request_report>, std::vector<batch_report>> result;
    const std::lock_guard lock(mutex_);
    requests_.for_each([&](const request_report& r) {
      if (r.ended >= since) result.first.push_back(r);
    });
    batches_.for_each([&](const batch_report& b) {
      if (b.finished >= since) result.second.push_back(b);
    });
    return result;
  }

  static time_point first_of(const std::vector<request_report>& requests,
                             const std::vector<batch_report>& batches) {
    time_point first = never;
    for (const request_report& r : requests) first = std::min(first, r.arrival);
    for (const batch_report& b : batches) first = std::min(first, b.started);
    return first;
  }

  static depth_changes changes_of_depth(const std::vector<request_report>& requests) {
    depth_changes changes;
    for (const request_report& r : requests) {
      changes.emplace_back(r.arrival, 1);
      changes.emplace_back(r.batch == 0 ? r.ended : r.arrival + r.queue + r.fill, -1);
    }
    std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) {
      return a.first < b.first || (a.first == b.first && a.second > b.second);
    });
    return changes;
  }

  mutable std::mutex mutex_;
  ring_buffer<request_report> requests_;
  ring_buffer<batch_report> batches_;
};

}  // namespace carpool
