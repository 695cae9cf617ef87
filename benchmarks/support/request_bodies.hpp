// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "support/english_texts.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace bench {

/// Whether requests for embeddings under this path are understood below.
inline bool has_bodies_for(std::string_view path) {
  return path == "/embed" || path == "/v1/embeddings" || path.ends_with("/infer");
}

/// Bodies of requests in the protocol that the path belongs to: with so many English texts, all of them other
/// ones, but the same for the same seed.
class request_bodies {
 public:
  request_bodies(std::string path, std::size_t texts, std::uint32_t seed)
      : path_(std::move(path)), texts_(texts), random_(seed) {}

  /// With texts of mixed length.
  std::string any() {
    return body([&] { return std::clamp(std::round(length_(random_)), 3.0, 256.0); });
  }

  /// With texts that have so many tokens together.
  std::string of(double tokens) {
    return body([&] { return std::max(tokens / static_cast<double>(texts_), 3.0); });
  }

 private:
  template <class Length>
  std::string body(Length length) {
    std::string list;
    for (std::size_t i = 0; i < texts_; ++i) {
      if (i > 0) list += ',';
      list += '"' + english_text(static_cast<std::size_t>(length()), random_) + '"';
    }
    if (path_ == "/embed") return R"({"inputs":[)" + list + "]}";
    if (path_ == "/v1/embeddings") return R"({"model":"any","input":[)" + list + "]}";
    return R"({"inputs":[{"name":"TEXT","datatype":"BYTES","shape":[)" + std::to_string(texts_) +
           R"(,1],"data":[)" + list + "]}]}";
  }

  const std::string path_;
  const std::size_t texts_;
  std::mt19937 random_;
  std::lognormal_distribution<double> length_{std::log(24.0), 0.7};  // as english_texts()
};

}  // namespace bench
