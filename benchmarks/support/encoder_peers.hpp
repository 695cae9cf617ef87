// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "support/line_process.hpp"
#include <carpool/bert/lane.hpp>
#include <carpool/bert/tokens.hpp>

#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// What else runs the model: encoder_peers.py in a Python that has some of the packages, on the same texts.
class encoder_peers {
 public:
  struct duration {
    double wall = 0, cpu = 0;  ///< seconds, for all texts
  };

  encoder_peers(const std::string& python, const std::string& model, const std::vector<std::string>& texts,
                const std::vector<carpool::bert::tokens>& ids)
      : folder_(std::filesystem::temp_directory_path() / ("carpool-peers-" + std::to_string(::getpid()))),
        process_(write(texts, ids, {python, CARPOOL_BENCHMARKS "/support/encoder_peers.py", model})) {}
  encoder_peers(const encoder_peers&) = delete;
  encoder_peers& operator=(const encoder_peers&) = delete;
  ~encoder_peers() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> result;
    std::istringstream all{process_.greeting()};
    for (std::string name; std::getline(all, name, '|');) result.push_back(name);
    return result;
  }

  duration run(const std::string& name) {
    duration result;
    process_.ask("run " + name) >> result.wall >> result.cpu;
    return result;
  }

  /// One embedding of `dimension` floats for each of `texts` texts.
  std::vector<carpool::bert::embedding> embeddings(const std::string& name, std::size_t texts,
                                                   std::size_t dimension) {
    process_.ask("write " + name);
    std::ifstream file{folder_ / "embeddings", std::ios::binary};
    std::vector<carpool::bert::embedding> result(texts, carpool::bert::embedding(dimension));
    for (auto& vector : result) {
      const auto bytes = static_cast<std::streamsize>(dimension * sizeof(float));
      if (!file.read(reinterpret_cast<char*>(vector.data()), bytes))
        throw std::runtime_error{name + " wrote too few embeddings"};
    }
    return result;
  }

 private:
  std::vector<std::string> write(const std::vector<std::string>& texts,
                                 const std::vector<carpool::bert::tokens>& ids,
                                 std::vector<std::string> command) const {
    std::filesystem::create_directory(folder_);
    std::ofstream texts_file{folder_ / "texts"}, ids_file{folder_ / "ids"};
    for (const std::string& text : texts) texts_file << text << '\n';
    for (const auto& text : ids) {
      for (const auto id : text.ids) ids_file << id << ' ';
      ids_file << '\n';
    }
    for (const char* name : {"texts", "ids", "embeddings"}) command.push_back((folder_ / name).string());
    return command;
  }

  std::filesystem::path folder_;
  line_process process_;
};

}  // namespace bench
