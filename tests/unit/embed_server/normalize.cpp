// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

// Whether vectors have length 1 is for the protocol to say, not for the model's folder.

#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <numeric>
#include <string>
#include <vector>

using namespace carpool::test;
namespace json = boost::json;

namespace {

const std::string unscaled = "1000";  // a folder whose embeddings are (length, first byte, last byte, 1000)

http_answer ask(const char* path, std::string_view body, const std::string& folder) {
  test_server server{{}, {}, {}, folder};
  return http_client(server.port()).ask(post_json(path, body));
}

float square_of(const json::value& vector) {
  const auto values = json::value_to<std::vector<float>>(vector);
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0F);
}

}  // namespace

TEST_CASE("vectors have length 1, also those of a model that does not scale them") {
  const auto lists = json::parse(ask("/embed", R"({"inputs":["a","bc"]})", unscaled).body);
  CHECK(square_of(lists.at(0)) == doctest::Approx(1));
  CHECK(square_of(lists.at(1)) == doctest::Approx(1));
  const auto openai = json::parse(ask("/v1/embeddings", R"({"input":"a"})", unscaled).body);
  CHECK(square_of(openai.at("data").at(0).at("embedding")) == doctest::Approx(1));
}

TEST_CASE("similarities are cosines, also with a model that does not scale its vectors") {
  const auto answer =
      ask("/similarity", R"({"inputs":{"source_sentence":"a","sentences":["a","b"]}})", unscaled);
  const auto cosines = json::value_to<std::vector<float>>(json::parse(answer.body));
  REQUIRE(cosines.size() == 2);
  CHECK(cosines[0] == doctest::Approx(1));
  CHECK(cosines[1] < 1);
}

TEST_CASE("without normalize a vector is what pooling gives, and dimensions only cuts it") {
  CHECK(ask("/embed", R"({"inputs":"a","normalize":false})", unscaled).body == "[[1,97,97,1000]]");
  CHECK(ask("/embed", R"({"inputs":"a","normalize":false,"dimensions":2})", unscaled).body == "[[1,97]]");
  // The mean of its tokens' vectors, where the model scales those of texts.
  CHECK(ask("/embed", R"({"inputs":["ab","c"],"normalize":false})", "1").body ==
        "[[97.5,0.5,0,1],[99,0,0,1]]");
  CHECK(ask("/embed", R"({"text":"ab","normalize":false,"dimensions":2})", "1").body ==
        R"({"embedding":[97.5,0.5]})");
}

TEST_CASE(
    "vectors that the server pools itself have few enough tokens, which is seen before the model runs") {
  embed_server::limits limits;
  limits.vector_values = 12;  // of 4 a token
  test_server server{limits};
  const auto refused =
      http_client(server.port()).ask(post_json("/embed", R"({"inputs":["ab","cd"],"normalize":false})"));
  CHECK(refused.status == 422);
  CHECK(refused.body.find("inputs has 4 tokens, of which 3 can be answered at most") != std::string::npos);
  CHECK(server.texts_run() == 0);
}
