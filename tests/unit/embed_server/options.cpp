// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/options.hpp"

#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"

#include <cstdlib>
#include <stdexcept>
#include <vector>

using namespace embed_server;
using namespace std::chrono_literals;

namespace {

server_options parse(std::vector<const char*> arguments, const std::string& default_model = "default") {
  arguments.insert(arguments.begin(), "embed_server");
  return parse_options(static_cast<int>(arguments.size()), arguments.data(), default_model).value();
}

// What a user is told; empty when there was nothing to complain about.
std::string complaint(std::vector<const char*> arguments, const std::string& default_model = "default") {
  try {
    parse(std::move(arguments), default_model);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("without arguments the server listens on the loopback address and leaves the rest to the model") {
  const auto options = parse({});
  CHECK(options.host == "127.0.0.1");
  CHECK(options.port == 8080);
  CHECK(options.models == std::vector<model_source>{{"", "default"}});
  CHECK(!options.strict_model);
  CHECK(!options.ab);
  CHECK(options.policy == policy_choice::adaptive);
  CHECK(options.device == "auto");
  CHECK(options.devices.empty());
  CHECK(options.lanes_per_device == 0);
  const auto batching = batching_options(options, {.max_batch_size = 7, .lanes = 3});
  CHECK(batching.max_batch_size == 7);
  CHECK(batching.lanes == 3);
}

TEST_CASE("the textbook service can be asked for") {
  const auto options =
      parse({"--max-batch-size", "8", "--policy", "size_or_timeout", "--max-queue-delay", "50ms"});
  CHECK(options.policy == policy_choice::size_or_timeout);
  const auto batching = batching_options(options, {});
  CHECK(batching.max_batch_size == 8);
  CHECK(batching.max_queue_delay == 50ms);
}

TEST_CASE("every option is understood") {
  const auto options =
      parse({"--host=0.0.0.0", "--port=0", "--model=folder", "--max-queue-size=100", "--lanes-per-device=2",
             "--threads=4", "--device=cuda", "--devices=0,3", "--invariant", "--http-threads=3",
             "--log-level=debug", "--policy=eager", "--program=a.pt2", "--load-library=b.so",
             "--requests-per-minute=60", "--tokens-per-minute=5000"});
  CHECK(options.host == "0.0.0.0");
  CHECK(options.port == 0);
  CHECK(options.models == std::vector<model_source>{{"", "folder"}});
  CHECK(options.threads == 4);
  CHECK(options.http_threads == 3);
  CHECK(options.device == "cuda");
  CHECK(options.devices == std::vector<std::size_t>{0, 3});
  CHECK(options.lanes_per_device == 2);
  CHECK(options.invariant);
  CHECK(options.log_level == "debug");
  CHECK(options.program == "a.pt2");
  CHECK(options.load_library == "b.so");
  CHECK(options.rates.requests == 60u);
  CHECK(options.rates.tokens == 5000u);
  CHECK(parse({"--access-log=-"}).access_log == "-");
  CHECK(parse({"--cors-origin=http://a", "--cors-origin", "http://b"}).cors_origins ==
        std::vector<std::string>{"http://a", "http://b"});
  const auto batching = batching_options(options, {});
  CHECK(batching.max_queue_size == 100);
}

TEST_CASE("each precision has its name") {
  using carpool::bert::precision;
  CHECK(parse({}).precision == precision::automatic);
  CHECK(parse({"--precision=auto"}).precision == precision::automatic);
  CHECK(parse({"--precision=fp32"}).precision == precision::fp32);
  CHECK(parse({"--precision=fp16"}).precision == precision::fp16);
  CHECK(parse({"--precision=bf16"}).precision == precision::bf16);
  CHECK(parse({"--precision=int8"}).precision == precision::int8);
}

TEST_CASE("P3: a wrong option is refused with one line that names it") {
  const std::vector<std::vector<const char*>> wrong = {{"--port", "70000"},
                                                       {"--port", "-1"},
                                                       {"--max-batch-size", "0"},
                                                       {"--max-batch-size", "x"},
                                                       {"--max-queue-size", "0"},
                                                       {"--lanes-per-device", "0"},
                                                       {"--threads", "-1"},
                                                       {"--devices", "-1"},
                                                       {"--devices", "0,x"},
                                                       {"--policy", "never"},
                                                       {"--max-queue-delay", "5"},
                                                       {"--max-queue-delay", ""},
                                                       {"--log-level", "chatty"},
                                                       {"--max-queue-delay", "-1ms"},
                                                       {"--precision", "int4"},
                                                       {"--api-keys", ""},
                                                       {"--unix-socket", ""},
                                                       {"--access-log", ""},
                                                       {"--load-library", "", "--program", "a.pt2"},
                                                       {"--config", ""},
                                                       {"--tls-certificate", "", "--tls-key", ""},
                                                       {"--cors-origin", "example.org"},
                                                       {"--metrics-compat", "vllm"},
                                                       {"--requests-per-minute", "0"},
                                                       {"--tokens-per-minute", "many"}};
  for (const auto& arguments : wrong) {
    const auto text = complaint(arguments);
    CAPTURE(text);
    CHECK(text.find(arguments[0]) != std::string::npos);
    CHECK(text.find('\n') == std::string::npos);
  }
  CHECK(complaint({"--port", "70000"}).find("65535") != std::string::npos);
  CHECK(complaint({"--no-such-option"}).find("--no-such-option") != std::string::npos);
  CHECK(complaint({}, "").find("--model") != std::string::npos);
  CHECK(complaint({"--load-library", "b.so"}).find("--program") != std::string::npos);
}

TEST_CASE("a Unix socket is in place of the port, unless a port or host is named, too") {
  CHECK(parse({}).tcp);
  CHECK_FALSE(parse({"--unix-socket=a"}).tcp);
  CHECK(parse({"--unix-socket=a", "--port=8080"}).tcp);
  CHECK(parse({"--unix-socket=a", "--host=127.0.0.1"}).tcp);
}

TEST_CASE("TLS needs a certificate and its key, and a port") {
  const auto options = parse({"--tls-certificate=a.pem", "--tls-key=b.pem"});
  CHECK(options.tls_certificate == "a.pem");
  CHECK(options.tls_key == "b.pem");
  CHECK(complaint({"--tls-certificate=a.pem"}).find("--tls-key") != std::string::npos);
  CHECK(complaint({"--tls-key=b.pem"}).find("--tls-certificate") != std::string::npos);
  CHECK(complaint({"--tls-certificate=a.pem", "--tls-key=b.pem", "--unix-socket=c"}) ==
        "--tls-certificate: a Unix socket speaks no TLS, and no --port is given");
  CHECK(parse({"--tls-certificate=a.pem", "--tls-key=b.pem", "--unix-socket=c", "--port=1"}).tcp);
}

TEST_CASE("other servers' names of metrics are asked for one by one or together") {
  CHECK(parse({"--metrics-compat=tei,triton"}).metrics_compat == std::vector<std::string>{"tei", "triton"});
  CHECK(parse({"--metrics-compat", "triton"}).metrics_compat == std::vector<std::string>{"triton"});
}

TEST_CASE("a file says what the command line can, which goes before it") {
  const carpool::test::temporary_folder folder;
  const auto file = folder.write("options",
                                 "port=9000\nhost=\"0.0.0.0\"\ninvariant=true\npolicy=eager\n"
                                 "max-queue-delay=50ms\ncors-origin=[\"http://a\",\"http://b\"]\n");
  const auto path = file.string();
  const auto options = parse({"--config", path.c_str(), "--host", "127.0.0.1"});
  CHECK(options.port == 9000);
  CHECK(options.host == "127.0.0.1");
  CHECK(options.invariant);
  CHECK(options.policy == policy_choice::eager);
  CHECK(options.max_queue_delay == 50ms);
  CHECK(options.cors_origins == std::vector<std::string>{"http://a", "http://b"});
}

TEST_CASE("P3: a wrong file of options is refused with one line that names what is wrong") {
  const carpool::test::temporary_folder folder;
  const auto refusal = [&](const char* text) {
    const auto path = folder.write("options", text).string();
    return complaint({"--config", path.c_str()});
  };
  CHECK(refusal("port=70000").find("--port") != std::string::npos);
  CHECK(refusal("prot=8080").find("prot") != std::string::npos);
  CHECK(complaint({"--config", "/nowhere/options"}).starts_with("--config: /nowhere/options"));
}

TEST_CASE("the environment names a model, and the command line another") {
  setenv("CARPOOL_MODEL", "from-environment", 1);
  CHECK(parse({}).models.front().folder == "from-environment");
  CHECK(parse({"--model", "from-command-line"}).models.front().folder == "from-command-line");
  unsetenv("CARPOOL_MODEL");
}

TEST_CASE("a variable that is to name the keys and is empty does not open the server to everybody") {
  setenv("CARPOOL_API_KEYS", "", 1);
  CHECK(complaint({}).find("CARPOOL_API_KEYS") != std::string::npos);
  CHECK(parse({"--api-keys", "from-command-line"}).api_keys == "from-command-line");
  setenv("CARPOOL_API_KEYS", "from-environment", 1);
  CHECK(parse({}).api_keys == "from-environment");
  unsetenv("CARPOOL_API_KEYS");
}

TEST_CASE("times are written with their unit") {
  CHECK(parse_duration("250us") == 250us);
  CHECK(parse_duration("5ms") == 5ms);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration("0s") == 0s);
  for (const auto* text : {"", "5", "ms", "5 ms", "5m", "5msx", "-5ms", "nan s", "nans", "infs", "1e9s"})
    CHECK_THROWS_AS(parse_duration(text), std::invalid_argument);
}

TEST_CASE("models may have names, and the first is the default") {
  const auto options =
      parse({"--model=/models/a", "--model", "small=/models/x=1", "--strict-model", "--ab=20"});
  CHECK(options.models == std::vector<model_source>{{"", "/models/a"}, {"small", "/models/x=1"}});
  CHECK(options.strict_model);
  CHECK(options.ab == 20u);
  CHECK(parse_model_source("/models/x=1") == model_source{"", "/models/x=1"});
  CHECK(parse_model_source("a=b/c") == model_source{"a", "b/c"});
  CHECK(complaint({"--model", "=x"}) == "--model: =x must be FOLDER or NAME=FOLDER");
  CHECK(complaint({"--model", "x="}) == "--model: x= must be FOLDER or NAME=FOLDER");
  CHECK(complaint({"--model=a=x", "--model=/models/a/"}) ==
        "--model: a is the name of two models; NAME=FOLDER gives one another");
  CHECK(complaint({"--model=x", "--model=y", "--program=p.pt2"}) ==
        "--program takes the place of one model's encoder, but there are 2 models");
  CHECK(complaint({"--ab=101"}).find("--ab") != std::string::npos);
}

TEST_CASE("models may come from the environment and from a file of options") {
  const carpool::test::temporary_folder folder;
  const auto file = folder.write("options", "model=[\"a=/x\", \"/y\"]\n").string();
  CHECK(parse({"--config", file.c_str()}).models == std::vector<model_source>{{"a", "/x"}, {"", "/y"}});
}
