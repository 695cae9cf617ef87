// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "options.hpp"

#include "option_groups.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <set>
#include <stdexcept>
#include <system_error>

namespace embed_server {
namespace {

std::string name_of_folder(const std::filesystem::path& folder) {
  return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

void check_models(const server_options& options) {
  std::set<std::string> names;
  for (const auto& [name, folder] : options.models) {
    if (folder.empty()) throw std::invalid_argument("--model is required: no default model is installed");
    const std::string called = name.empty() ? name_of_folder(folder) : name;
    if (!names.insert(called).second)
      throw std::invalid_argument("--model: " + called +
                                  " is the name of two models; NAME=FOLDER gives one another");
  }
  if (!options.program.empty() && options.models.size() > 1)
    throw std::invalid_argument("--program takes the place of one model's encoder, but there are " +
                                std::to_string(options.models.size()) + " models");
}

}  // namespace

std::optional<server_options> parse_options(int argc, const char* const* argv,
                                            const std::string& default_model) {
  server_options options;
  options.models = {{"", default_model}};
  CLI::App app{"Serves text embeddings, reranking and classification over HTTP.", "embed_server"};
  add_server_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return std::nullopt;
  } catch (const CLI::ConfigError& error) {
    throw std::invalid_argument(std::string("--config: ") + error.what() + "; --help lists the options");
  } catch (const CLI::FileError& error) {
    throw std::invalid_argument(std::string("--config: ") + error.what());
  } catch (const CLI::ParseError& error) {
    throw std::invalid_argument(error.what());
  }
  options.tcp = listens_on_port(app, options);
  check_models(options);
  return options;
}

// What stands in front of an equals sign is a name, unless it is a part of a path.
model_source parse_model_source(const std::string& text) {
  const auto end = text.find('=');
  if (end == text.npos || text.find('/') < end) return {"", text};
  if (end == 0 || end + 1 == text.size())
    throw std::invalid_argument("--model: " + text + " must be FOLDER or NAME=FOLDER");
  return {text.substr(0, end), text.substr(end + 1)};
}

carpool::options batching_options(const server_options& given, carpool::options base) {
  base.max_batch_size = given.max_batch_size.value_or(base.max_batch_size);
  base.max_queue_delay = given.max_queue_delay.value_or(base.max_queue_delay);
  base.max_queue_size = given.max_queue_size.value_or(base.max_queue_size);
  base.fair_sharing = !given.api_keys.empty();
  return base;
}

carpool::duration parse_duration(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, ec] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const double unit_in_seconds = unit == "us" ? 1e-6 : unit == "ms" ? 1e-3 : unit == "s" ? 1 : 0;
  const double seconds = number * unit_in_seconds;
  constexpr double one_hour = 3600;
  if (ec != std::errc{} || unit_in_seconds == 0 || !(seconds >= 0 && seconds <= one_hour)) {
    throw std::invalid_argument("--max-queue-delay: " + std::string(text) +
                                " is not a time from 0s to 3600s such as 250us, 5ms or 1.5s");
  }
  return std::chrono::round<carpool::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace embed_server
