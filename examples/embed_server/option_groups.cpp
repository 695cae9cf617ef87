// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "option_groups.hpp"

#include "cors.hpp"
#include "options.hpp"
#include <carpool/bert/options.hpp>

#include <CLI/App.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {
namespace {

carpool::bert::precision precision_named(std::string_view name) {
  using carpool::bert::precision;
  if (name == "fp32") return precision::fp32;
  if (name == "fp16") return precision::fp16;
  if (name == "bf16") return precision::bf16;
  return name == "int8" ? precision::int8 : precision::automatic;
}

// What is wrong with it; empty if nothing is.
std::string any_origin(const std::string& text) {
  try {
    cors_policy{{text}};
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

const auto at_least_one = CLI::Range(std::size_t{1}, std::size_t{1'000'000}, "1 to 1000000");

// The options in groups, as --help prints them.
void add_listening(CLI::App& app, server_options& options) {
  const char* const group = "Where it listens";
  auto* const host = app.add_option("--host", options.host, "Address to listen on")->capture_default_str();
  auto* const port = app.add_option("--port", options.port, "Port to listen on; 0 takes any free one")
                         ->capture_default_str()
                         ->check(CLI::Range(0, 65535, "0 to 65535"));
  auto* const unix_socket =
      app.add_option("--unix-socket", options.unix_socket,
                     "Unix socket to listen on, in place of a port, or beside it where --port is given too");
  auto* const certificate =
      app.add_option("--tls-certificate", options.tls_certificate,
                     "PEM file with the certificate, and those that vouch for it behind "
                     "it: the port speaks TLS. Read again on SIGHUP");
  auto* const key =
      app.add_option("--tls-key", options.tls_key, "PEM file with the certificate's private key");
  certificate->needs(key);
  key->needs(certificate);
  for (auto* const each : {host, port, unix_socket, certificate, key}) each->group(group);
  host->type_name("ADDRESS");
  for (auto* const each : {unix_socket, certificate, key}) each->check(not_empty)->type_name("FILE");
}

void add_model(CLI::App& app, server_options& options) {
  const char* const group = "What it runs";
  app.add_option_function<std::vector<std::string>>(
         "--model",
         [&](const std::vector<std::string>& all) {
           options.models.clear();
           for (const std::string& each : all) options.models.push_back(parse_model_source(each));
         },
         "Hugging Face model folder, and what clients call it, unless as the folder. Can be given several "
         "times; the first serves who names none")
      ->envname("CARPOOL_MODEL")
      ->type_name("[NAME=]FOLDER")
      ->default_str(options.models.front().folder)
      ->group(group);
  auto* const program = app.add_option(
      "--program", options.program,
      "Exported model to run in place of the encoder: .pt2 (AOTInductor) or .pt (TorchScript)");
  program->check(not_empty)->group(group)->type_name("FILE");
  app.add_option("--load-library", options.load_library,
                 "Shared library to load before the program, such as libtorchtrt_runtime.so")
      ->needs(program)
      ->check(not_empty)
      ->type_name("FILE")
      ->group(group);
  app.add_option_function<std::string>(
         "--precision", [&](const std::string& name) { options.precision = precision_named(name); },
         "What the model computes in; auto: fp32 on the CPU, fp16 on CUDA")
      ->check(CLI::IsMember({"auto", "fp32", "fp16", "bf16", "int8"}))
      ->group(group);
  app.add_flag("--invariant", options.invariant,
               "Give a text bitwise the same embedding or scores whatever its batch mates; somewhat slower")
      ->group(group);
}

void add_devices(CLI::App& app, server_options& options) {
  const char* const group = "Where it runs";
  app.add_option("--device", options.device, "cpu, cuda, or auto: cuda where it is")
      ->capture_default_str()
      ->group(group);
  app.add_option("--devices", options.devices,
                 "Numbers of the CUDA devices to use, such as 0,1; else the first")
      ->delimiter(',')
      ->check(CLI::Range(0, 127, "0 to 127"))
      ->group(group);
  app.add_option("--lanes-per-device", options.lanes_per_device,
                 "Batches that run side by side on each device, of which the CPU is one; else what suits it")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}, "1 to 1024"))
      ->group(group);
  app.add_option("--threads", options.threads, "CPU threads of each lane; 0: a lane's share of the cores")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1024}, "0 to 1024"))
      ->capture_default_str()
      ->group(group);
}

void add_batching(CLI::App& app, server_options& options) {
  const char* const group = "How it batches";
  app.add_option("--max-batch-size", options.max_batch_size, "Texts in one model run")
      ->check(at_least_one)
      ->group(group);
  app.add_option_function<std::string>(
         "--max-queue-delay",
         [&](const std::string& text) { options.max_queue_delay = parse_duration(text); },
         "Longest wait for company under size_or_timeout, such as 5ms")
      ->type_name("TIME")
      ->group(group);
  app.add_option("--max-queue-size", options.max_queue_size, "Texts that may wait at once")
      ->check(at_least_one)
      ->group(group);
  app.add_option_function<std::string>(
         "--policy",
         [&](const std::string& name) {
           options.policy = name == "adaptive" ? policy_choice::adaptive
                            : name == "eager"  ? policy_choice::eager
                                               : policy_choice::size_or_timeout;
         },
         "When a batch leaves: adaptive learns from the traffic")
      ->check(CLI::IsMember({"adaptive", "eager", "size_or_timeout"}))
      ->group(group);
}

void add_clients(CLI::App& app, server_options& options) {
  const char* const group = "Who may ask for how much";
  const auto any_rate = CLI::Range(1U, UINT32_MAX, "1 to 4294967295");
  const auto* const keys =
      app.add_option("--api-keys", options.api_keys,
                     "File with a name and a key per line; nobody else may use the server. Read again on "
                     "SIGHUP")
          ->envname("CARPOOL_API_KEYS")
          ->check(not_empty)
          ->type_name("FILE")
          ->group(group);
  // To CLI11 it is as if the variable were not set.
  app.parse_complete_callback([keys] {
    const char* const variable = std::getenv("CARPOOL_API_KEYS");
    if (keys->empty() && variable != nullptr && *variable == '\0')
      throw CLI::ValidationError("--api-keys", "CARPOOL_API_KEYS must not be empty");
  });
  app.add_option("--requests-per-minute", options.rates.requests,
                 "Requests for embeddings or scores that a client may make; a key's own limit in the file "
                 "goes before")
      ->check(any_rate)
      ->group(group);
  app.add_option("--tokens-per-minute", options.rates.tokens, "Likewise tokens of all its texts")
      ->check(any_rate)
      ->group(group);
  app.add_option("--cors-origin", options.cors_origins,
                 "Origin whose pages may use the server, such as https://app.example.org; * for all. "
                 "Can be given several times")
      ->check(any_origin)
      ->type_name("ORIGIN")
      ->group(group);
}

void add_observing(CLI::App& app, server_options& options) {
  const char* const group = "What it tells";
  app.add_option("--access-log", options.access_log,
                 "File for a line of JSON per request; - for standard output. Opened again on SIGHUP")
      ->check(not_empty)
      ->type_name("FILE")
      ->group(group);
  app.add_option("--metrics-compat", options.metrics_compat,
                 "Metrics under the names of other servers beside carpool's: tei, triton or both, such as "
                 "tei,triton")
      ->delimiter(',')
      ->check(CLI::IsMember({"tei", "triton"}))
      ->group(group);
  add_log_level(app, options);
}

// What a server does beside running its models.
void add_choices(CLI::App& app, server_options& options) {
  app.add_option(
         "--http-threads", options.http_threads,
         "Threads that speak HTTP and JSON and tokenise; else one, on CUDA half of the cores, 8 at most")
      ->check(CLI::Range(std::size_t{1}, std::size_t{64}, "1 to 64"))
      ->group("Where it runs");
  app.add_flag("--strict-model", options.strict_model,
               "Refuse OpenAI's clients that name another model, rather than serve them with the first")
      ->group("What it runs");
  app.add_option("--ab", options.ab,
                 "Percent of the requests whose texts run alone, for a comparison with batches: metrics and "
                 "dashboard tell both")
      ->check(CLI::Range(0U, 100U, "0 to 100"))
      ->type_name("PERCENT")
      ->group("How it batches");
}

}  // namespace

void add_server_options(CLI::App& app, server_options& options) {
  add_listening(app, options);
  add_model_options(app, options);
  add_choices(app, options);
  add_clients(app, options);
  add_observing(app, options);
  app.add_flag("--check", options.check,
               "Say what this machine has and whether the server could start with these options, then end: "
               "0 if it could, else 1")
      ->configurable(false);
  app.set_config("--config", "",
                 "File with options, a line each, such as port=8080; those of the command line go before")
      ->check(not_empty)
      ->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
}

void add_model_options(CLI::App& app, server_options& options) {
  add_model(app, options);
  add_devices(app, options);
  add_batching(app, options);
}

void add_http_options(CLI::App& app, server_options& options) {
  add_listening(app, options);
  add_clients(app, options);
  add_observing(app, options);
}

void add_log_level(CLI::App& app, server_options& options) {
  app.add_option("--log-level", options.log_level, "How much is logged to standard error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str()
      ->group("What it tells");
}

std::string not_empty(const std::string& text) { return text.empty() ? "must not be empty" : ""; }

bool listens_on_port(const CLI::App& app, const server_options& options) {
  if (options.unix_socket.empty() || app.count("--port") + app.count("--host") > 0) return true;
  if (!options.tls_certificate.empty())
    throw std::invalid_argument("--tls-certificate: a Unix socket speaks no TLS, and no --port is given");
  return false;
}

}  // namespace embed_server
