// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The golden texts and what sentence-transformers makes of them with all-MiniLM-L6-v2;
// goldens/make_embedding_goldens.py wrote both.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace carpool::test {

inline std::filesystem::path golden_embeddings() {
  return std::filesystem::path(CARPOOL_TEST_GOLDENS) / "embeddings";
}

inline std::vector<std::string> golden_texts() {
  std::ifstream file(golden_embeddings() / "texts.txt");
  std::vector<std::string> texts;
  for (std::string line; std::getline(file, line);) texts.push_back(line);
  return texts;
}

inline std::vector<std::vector<float>> golden_vectors(std::size_t dimension) {
  std::ifstream file(golden_embeddings() / "vectors.f32", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::vector<float>> vectors(bytes.size() / sizeof(float) / dimension,
                                          std::vector<float>(dimension));
  for (std::size_t i = 0; i < vectors.size(); ++i)
    std::memcpy(vectors[i].data(), bytes.data() + i * dimension * sizeof(float), dimension * sizeof(float));
  return vectors;
}

/// The largest difference of two numbers; infinite for vectors of different lengths.
inline double difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return HUGE_VAL;
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(double{a[i]} - double{b[i]}));
  return worst;
}

}  // namespace carpool::test
