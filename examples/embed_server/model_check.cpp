// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Beside loaded_model.cpp, for the same reason.

#include "model_check.hpp"

#include "hosted_model.hpp"
#include "limits.hpp"
#include "loaded_model.hpp"
#include <carpool/bert/bert.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>

namespace embed_server {
namespace {

namespace bert = carpool::bert;

std::string describe_cuda() {
  const auto cuda = bert::find_cuda();
  if (cuda.devices == 0) return "none: " + cuda.why_not;
  std::string text;
  for (int i = 0; i < cuda.devices; ++i)
    text += (i == 0 ? "" : "; ") +
            bert::describe_device(c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(i)), 0);
  return text;
}

std::string describe_devices(const server_options& given) {
  std::string names;
  for (const auto& device : bert::choose_devices(given.device, given.devices))
    names += (names.empty() ? "" : ", ") + device.str();
  return names;
}

std::string name_and_size(const std::filesystem::path& file) {
  return file.string() + ", " + std::to_string(std::filesystem::file_size(file)) + " bytes";
}

// Empty if the model has no tokeniser to be tried out, because its configuration cannot be read.
bool check_files(check_report& report, const std::filesystem::path& folder, const server_options& given) {
  std::optional<bert::model_config> config;
  report.look("configuration", [&] {
    config = bert::read_any_config(folder);
    return name_and_size(folder / "config.json");
  });
  bool good = config.has_value();
  if (config)
    good = report.look("tokeniser", [&] {
      const bert::wordpiece tokenizer(folder, *config);
      return std::to_string(tokenizer.encode("share the ride", {}).size()) + " tokens in \"share the ride\"";
    });
  if (!given.program.empty()) return good;
  return report.look("weights", [&] {
    const auto file = bert::find_weights(folder);
    const bert::safetensors_file tensors(file);
    if (config) bert::read_weights(tensors, *config);
    return name_and_size(file);
  }) && good;
}

std::string run_once(const model_source& source, const server_options& given) {
  boost::asio::io_context io{1};
  std::exception_ptr failure;
  loaded_model loaded = load_model(io, source, given, limits{}.work_per_turn, {}, {});
  hosted_model model{std::move(loaded.engine)};
  boost::asio::co_spawn(io, model.try_out(), [&](std::exception_ptr error) { failure = error; });
  io.run();
  if (failure) std::rethrow_exception(failure);
  return model.about().name + " runs, on " + loaded.device;
}

}  // namespace

void check_model(check_report& report, const server_options& given) {
  report.look("libtorch", bert::libtorch_version);
  report.look("CUDA", describe_cuda);
  const bool has_device = report.look("devices", [&] { return describe_devices(given); });
  for (const model_source& source : given.models)
    if (check_files(report, source.folder, given) && has_device)
      report.look("model", [&] { return run_once(source, given); });
}

}  // namespace embed_server
