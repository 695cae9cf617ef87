// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] =
    R"(What does batching bring to a server, in answers and in use of the machine?

  bench_ab [--model FOLDER] [--device NAME] [--clients N] [--texts N] [--rounds N] [--json FILE]

One real server with --ab runs the model in two ways: each text alone, and in batches. N (64) clients in a
closed loop ask it for N (512) texts, one at a time, first in the one way, then in the other, N (5) rounds
after one that does not count. So both have the same process, model, machine and minute.

The server has all cores but the last, which is the clients'. Its utilisation is its CPU time over the wall
time of those cores, and that of a GPU what the driver says. --json writes what support/plot_bars.py draws.
)";

#include "support/arguments.hpp"
#include "support/clock.hpp"
#include "support/english_texts.hpp"
#include "support/http_client.hpp"
#include "support/http_load.hpp"
#include "support/interleaved.hpp"
#include "support/server_process.hpp"
#include "support/write_file.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <optional>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using bench::seconds;
using namespace std::chrono_literals;

struct settings {
  std::string model = CARPOOL_MINILM, device = "auto", json;
  std::size_t clients = 64, texts = 512;
  int rounds = 5;

  settings(int argc, char** argv) {
    bench::arguments()
        .option("--model", model)
        .option("--device", device)
        .option("--clients", clients, std::size_t{1}, std::size_t{900})
        .option("--texts", texts, std::size_t{1})
        .option("--rounds", rounds, 1)
        .option("--json", json)
        .read(argc, argv);
  }
};

/// The cores of the server, and one for the clients.
class cores {
 public:
  cores() : all_(static_cast<int>(std::thread::hardware_concurrency())) {}

  int of_server() const { return std::max(all_ - 1, 1); }
  std::string list() const { return "0-" + std::to_string(of_server() - 1); }

  void pin_clients() const {
    cpu_set_t last;
    CPU_ZERO(&last);
    CPU_SET(all_ - 1, &last);
    ::sched_setaffinity(0, sizeof last, &last);
  }

 private:
  int all_;
};

/// The values of a metric; empty if the server has none of that name.
std::vector<double> values_of(const std::string& metrics, const std::string& series) {
  std::vector<double> values;
  const std::string start = '\n' + series;
  for (auto at = metrics.find(start); at != metrics.npos; at = metrics.find(start, at + 1)) {
    const auto end = metrics.find('\n', at + 1);
    const auto blank = metrics.rfind(' ', end);
    values.push_back(std::stod(metrics.substr(blank, end - blank)));
  }
  return values;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

std::string metrics_of(std::uint16_t port) {
  return carpool::test::http_client(port).ask(carpool::test::get("/metrics")).body;
}

/// Asks again and again how busy the GPUs are, while this object lives; without GPUs, once.
class gpu_watch {
 public:
  explicit gpu_watch(std::uint16_t port) : thread_([this, port] { watch(port); }) {}

  ~gpu_watch() { end(); }

  gpu_watch(const gpu_watch&) = delete;
  gpu_watch& operator=(const gpu_watch&) = delete;

  /// The mean, in percent; empty without GPUs.
  std::optional<double> end() {
    ended_ = true;
    if (thread_.joinable()) thread_.join();
    if (seen_.empty()) return std::nullopt;
    return 100 * mean_of(seen_);
  }

 private:
  void watch(std::uint16_t port) {
    while (!ended_) {
      const auto busy = values_of(metrics_of(port), "carpool_gpu_utilization_ratio{");
      if (busy.empty()) return;
      seen_.push_back(mean_of(busy));
      std::this_thread::sleep_for(100ms);
    }
  }

  std::vector<double> seen_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

/// What one round has shown of one way to run the model.
struct figures {
  double answers = 0;         ///< per second
  double cpu = 0;             ///< percent of the server's cores
  std::optional<double> gpu;  ///< percent
};

/// One way to run the model, as the server knows it.
class arm {
 public:
  arm(const settings& given, const carpool::test::server_process& server, std::uint16_t port,
      std::string variant)
      : given_(given), port_(port), variant_(std::move(variant)), load_(port, requests()) {
    if (::clock_getcpuclockid(server.id(), &cpu_clock_) != 0)
      throw std::runtime_error{"no CPU clock for the server"};
  }

  figures measure(int server_cores) {
    gpu_watch gpus(port_);
    const double cpu = seconds(cpu_clock_), wall = seconds(CLOCK_MONOTONIC);
    load_.run(given_.clients);
    const double took = seconds(CLOCK_MONOTONIC) - wall;
    const double used = seconds(cpu_clock_) - cpu;
    return {static_cast<double>(given_.texts) / took, 100 * used / took / server_cores, gpus.end()};
  }

  double mean_batch_size() const {
    const std::string metrics = metrics_of(port_), labels = "{model=\"ab\",variant=\"" + variant_ + "\"} ";
    return values_of(metrics, "carpool_batch_size_sum" + labels).at(0) /
           values_of(metrics, "carpool_batch_size_count" + labels).at(0);
  }

 private:
  std::vector<std::string> requests() const {
    constexpr std::string_view line = "POST /embed HTTP/1.1\r\n";
    std::vector<std::string> all;
    for (const auto& text : bench::english_texts(given_.texts))
      all.push_back(
          bench::embed_request(text).insert(line.size(), "x-carpool-variant: " + variant_ + "\r\n"));
    return all;
  }

  const settings& given_;
  std::uint16_t port_;
  std::string variant_;
  bench::http_load load_;
  clockid_t cpu_clock_{};
};

/// The rounds of one arm.
struct record {
  std::string name;
  std::vector<double> answers, cpu, gpu;

  void add(const figures& round) {
    answers.push_back(round.answers);
    cpu.push_back(round.cpu);
    if (round.gpu) gpu.push_back(*round.gpu);
  }
};

std::vector<std::string> command(const settings& given, const cores& machine) {
  return {"/usr/bin/taskset",
          "--cpu-list",
          machine.list(),
          CARPOOL_EMBED_SERVER,
          "--port",
          "0",
          "--device",
          given.device,
          "--ab",
          "50",
          "--model",
          "ab=" + given.model};
}

class program {
 public:
  explicit program(const settings& given)
      : given_(given),
        server_(command(given, machine_)),
        port_(server_.port()),
        alone_(given_, server_, port_, "unbatched"),
        batched_(given_, server_, port_, "batched") {
    machine_.pin_clients();
  }

  void run() {
    for (int round = -1; round < given_.rounds; ++round) {
      std::fprintf(stderr, "\rround %d of %d ", std::max(round, 0), given_.rounds);
      const figures alone = alone_.measure(machine_.of_server()),
                    batched = batched_.measure(machine_.of_server());
      if (round < 0) continue;
      records_[0].add(alone);
      records_[1].add(batched);
    }
    std::fprintf(stderr, "\r%40s\r", "");
    print();
    if (!given_.json.empty()) write_json();
  }

 private:
  void print() const {
    std::printf("%zu clients, %d core(s) for the server, medians of %d rounds\n\n", given_.clients,
                machine_.of_server(), given_.rounds);
    std::printf("%-22s %12s %20s %8s %8s %16s\n", "", "requests/s", "min .. max", "CPU", "GPU",
                "texts per batch");
    print(records_[0], alone_.mean_batch_size());
    print(records_[1], batched_.mean_batch_size());
    std::vector<double> ratios;
    for (std::size_t i = 0; i < records_[0].answers.size(); ++i)
      ratios.push_back(records_[1].answers[i] / records_[0].answers[i]);
    const auto ratio = bench::spread_of(ratios);
    std::printf("\nbatching answers %.2f times as many [%.2f .. %.2f]\n", ratio.median, ratio.least,
                ratio.most);
  }

  static void print(const record& of, double batch_size) {
    const auto answers = bench::spread_of(of.answers), cpu = bench::spread_of(of.cpu);
    std::printf("%-22s %12.0f %9.0f .. %7.0f %7.0f%% ", of.name.c_str(), answers.median, answers.least,
                answers.most, cpu.median);
    if (of.gpu.empty())
      std::printf("%8s", "none");
    else
      std::printf("%7.0f%%", bench::spread_of(of.gpu).median);
    std::printf(" %16.1f\n", batch_size);
  }

  void write_json() const {
    std::ostringstream out;
    out << "{\"title\": \"a server without and with batching\", \"unit\": \"requests per second, and "
           "percent\",\n"
        << "\"groups\": [";
    write_group(out, "requests per second", &record::answers);
    out << ",\n";
    write_group(out, "CPU of the server, percent", &record::cpu);
    if (!records_[0].gpu.empty()) {
      out << ",\n";
      write_group(out, "GPU, percent", &record::gpu);
    }
    out << "]}\n";
    bench::write_file(given_.json, out.str());
  }

  void write_group(std::ostream& out, const char* name, std::vector<double> record::*values) const {
    out << "{\"name\": \"" << name << "\", \"bars\": [";
    for (const record& each : records_) {
      const auto [median, least, most] = bench::spread_of(each.*values);
      out << (&each == records_ ? "" : ", ") << "{\"name\": \"" << each.name << "\", \"value\": " << median
          << ", \"least\": " << least << ", \"most\": " << most << '}';
    }
    out << "]}";
  }

  const settings given_;
  const cores machine_;
  carpool::test::server_process server_;
  const std::uint16_t port_;
  arm alone_, batched_;
  record records_[2] = {{"each text alone", {}, {}, {}}, {"carpool, in batches", {}, {}, {}}};
};

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { program{settings{argc, argv}}.run(); });
}
