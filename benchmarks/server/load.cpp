// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] =
    R"(How long does a server take to answer at a given rate of requests, and how many can it answer?

  bench_load [--server HOST:PORT]
             (--rates R[,R...] [--seconds S] | --trace FILE | --clients N[,N...] [--requests N])
             [--path /embed | /v1/embeddings | /v2/models/NAME/infer] [--texts N] [--connections N]
             [--seed N] [--json FILE] [--plot FILE.svg]

--rates and --trace are an open loop: requests go out when they are due, at random (Poisson) with R per second
on average, or as in a recording (include/carpool/simulate/recorded_trace.hpp has the format; the work of a
request is its number of tokens). Latency counts from when a request was due, so it includes all waiting, also
for one of the at most N connections. Whoever sends them needs a CPU of its own: the last column tells how late
it was itself, at worst. --plot draws latency over rate.

--clients is a closed loop: N clients send a request each and the next when that is answered, until all
requests are. It tells what a server can answer, and the mean latency of answers; not others, since a server
that is slow for a while is asked less meanwhile.

Texts are English of mixed length, N to a request. The same seed sends the same requests.
)";

#include "load_report.hpp"
#include "support/arguments.hpp"
#include "support/open_http_load.hpp"
#include "support/request_bodies.hpp"
#include <carpool/simulate/recorded_trace.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace {

using bench::closed_loop;
using bench::measurement;
using bench::timed_request;

struct server_address {
  std::string name;  ///< HOST:PORT, which it is told that it is asked by
  boost::asio::ip::tcp::endpoint endpoint;
};

server_address find_server(std::string where) {
  if (where.starts_with("http://")) where.erase(0, 7);
  while (where.ends_with('/')) where.pop_back();
  const auto colon = where.rfind(':');
  const std::string port = colon == where.npos ? "" : where.substr(colon + 1);
  std::string host = where.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);  // IPv6
  std::uint16_t number = 0;
  const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || wrong != std::errc{} || end != port.data() + port.size() || number == 0)
    throw bench::wrong_argument{"--server is \"" + where + "\"; it must be HOST:PORT, as 127.0.0.1:8080"};

  boost::asio::io_context io;
  boost::system::error_code failure;
  const auto found = boost::asio::ip::tcp::resolver{io}.resolve(host, port, failure);
  if (failure) throw bench::wrong_argument{"--server is \"" + where + "\": " + failure.message()};
  if (found.size() > 1) {  // it need not listen at all of them
    boost::asio::ip::tcp::socket one{io};
    const auto listens = boost::asio::connect(one, found, failure);
    if (!failure) return {where, listens};
  }
  return {where, found.begin()->endpoint()};
}

struct settings {
  std::string server = "127.0.0.1:8080", rates, trace, clients, path = "/embed", json, plot;
  double seconds = 10;
  std::size_t requests = 256, texts = 1, connections = 1024;
  std::uint32_t seed = 1;
  server_address address;

  settings(int argc, char** argv) {
    bench::arguments()
        .option("--server", server)
        .option("--rates", rates)
        .option("--trace", trace)
        .option("--clients", clients)
        .option("--path", path)
        .option("--json", json)
        .option("--plot", plot)
        .option("--seconds", seconds, 0.1)
        .option("--requests", requests, std::size_t{1}, std::size_t{1'000'000})
        .option("--texts", texts, std::size_t{1}, std::size_t{2048})
        .option("--connections", connections, std::size_t{1}, std::size_t{10'000})
        .option("--seed", seed, std::uint32_t{0})
        .read(argc, argv);
    if (rates.empty() + trace.empty() + clients.empty() != 2)
      throw bench::wrong_argument{"one of --rates, --trace and --clients is needed; --help says more"};
    if (!clients.empty() && !plot.empty())
      throw bench::wrong_argument{"--plot draws latency over rate, and --clients have no rate"};
    if (!bench::has_bodies_for(path))
      throw bench::wrong_argument{"--path is \"" + path +
                                  "\"; it must be /embed, /v1/embeddings or end with /infer"};
    address = find_server(server);
  }
};

template <class Number>
std::vector<Number> numbers(const std::string& option, const std::string& list) {
  std::vector<Number> all;
  std::istringstream fields(list);
  for (std::string field; std::getline(fields, field, ',');) {
    Number value = 0;
    const char* const end = field.data() + field.size();
    if (std::from_chars(field.data(), end, value) != std::from_chars_result{end, {}} || !(value > 0))
      throw bench::wrong_argument{option + " has \"" + field + "\"; each must be a number above 0"};
    all.push_back(value);
  }
  return all;
}

bench::request_bodies bodies_for(const settings& given) { return {given.path, given.texts, given.seed}; }

std::vector<timed_request> at_random(double rate, const settings& given) {
  if (!(rate * given.seconds <= 1e7))
    throw bench::wrong_argument{"--rates and --seconds ask for more than ten million requests"};
  auto bodies = bodies_for(given);
  std::mt19937_64 random(given.seed);
  std::exponential_distribution<double> pause(rate);
  std::vector<timed_request> requests;
  for (double at = pause(random); at < given.seconds; at += pause(random))
    requests.push_back({std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * at)), bodies.any()});
  return requests;
}

std::vector<timed_request> as_recorded(const settings& given) {
  std::ifstream file(given.trace);
  if (!file) throw std::runtime_error("cannot read " + given.trace);
  auto bodies = bodies_for(given);
  std::vector<timed_request> requests;
  for (const auto& each : carpool::simulate::trace_reader().read(file).requests) {
    if (each.work > 1e6)
      throw std::runtime_error(given.trace + " has a request of more than a million tokens");
    requests.push_back({each.at - carpool::time_point{}, bodies.of(each.work)});
  }
  if (requests.empty()) throw std::runtime_error(given.trace + " has no requests");
  return requests;
}

measurement measure(const std::vector<timed_request>& requests, const std::string& load_name,
                    std::size_t connections, const settings& given) {
  bench::open_http_load load(
      given.address.endpoint,
      {.host = given.address.name, .path = given.path, .most_connections = connections});
  measurement result{.got = load.run(requests, [&](std::size_t sent) {
    std::fprintf(stderr, "\r%s: %zu of %zu sent ", load_name.c_str(), sent, requests.size());
  })};
  std::fprintf(stderr, "\r%60s\r", "");
  const double due = std::chrono::duration<double>(requests.back().at).count();
  result.rate = static_cast<double>(requests.size()) / std::max(due, 1e-3);
  result.seconds = std::chrono::duration<double>(result.got.lasted).count();
  if (result.got.lost == requests.size())
    throw std::runtime_error("no answer from " + given.server + "; is the server running?");
  return result;
}

/// Requests that are all due at once, over as many connections as there are clients.
void run_closed(const settings& given) {
  const auto client_counts = numbers<std::size_t>("--clients", given.clients);
  for (const auto clients : client_counts)
    if (clients > given.requests)
      throw bench::wrong_argument{"--clients has " + std::to_string(clients) + ", more than the " +
                                  std::to_string(given.requests) + " of --requests"};
  std::vector<timed_request> requests(given.requests);
  auto bodies = bodies_for(given);
  for (timed_request& each : requests) each.body = bodies.any();
  std::puts("| clients | answered/s | mean ms | refused | lost |\n|---|---|---|---|---|");
  std::vector<closed_loop> all;
  for (const auto clients : client_counts) {
    const std::string name = std::to_string(clients) + " clients";
    const closed_loop& each = all.emplace_back(closed_loop{clients, measure(requests, name, clients, given)});
    if (each.measured.got.answered.count() == 0)
      throw std::runtime_error(given.path + " answers with status " +
                               std::to_string(each.measured.got.other.begin()->first) + ", never with 200");
    print(each);
  }
  if (!given.json.empty()) write_json(given.json, all);
}

void run_open(const settings& given) {
  std::vector<std::vector<timed_request>> loads;
  if (given.trace.empty())
    for (const double rate : numbers<double>("--rates", given.rates)) loads.push_back(at_random(rate, given));
  else
    loads.push_back(as_recorded(given));
  std::puts(
      "| requests/s | answered/s | p50 ms | p90 | p99 | p99.9 | most | refused | lost | sent late, at most, "
      "ms |\n"
      "|---|---|---|---|---|---|---|---|---|---|");
  std::vector<measurement> all;
  for (const auto& requests : loads) {
    if (requests.empty())
      throw std::runtime_error("no request is due within --seconds; more of them are needed");
    const std::string name = "load " + std::to_string(all.size() + 1) + " of " + std::to_string(loads.size());
    all.push_back(measure(requests, name, given.connections, given));
    print(all.back());
  }
  if (!given.json.empty()) write_json(given.json, all);
  if (!given.plot.empty()) draw(given.plot, all);
}

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] {
    const settings given(argc, argv);
    given.clients.empty() ? run_open(given) : run_closed(given);
  });
}
