// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/infer_request.hpp"

#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace embed_server;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_inputs = 4;

using texts = std::vector<std::string>;

// A request whose only input has these members beside its name and datatype.
std::string asking(const std::string& members, const std::string& more = "") {
  return R"({"inputs":[{"name":"TEXT","datatype":"BYTES",)" + members + "}]" + more + "}";
}

const std::string plain = R"("shape":[1],"data":["a"])";

infer_request parse(const std::string& json, const std::string& binary = "") {
  return parse_infer(json + binary, json.size(), max_inputs, "EMBEDDING");
}

std::string binary(std::size_t size) {
  return asking(R"("shape":[2,1],"parameters":{"binary_data_size":)" + std::to_string(size) + "}");
}

std::string refusal(const std::string& json, const std::string& bytes = "") {
  try {
    parse(json, bytes);
  } catch (const api_error& error) {
    return error.what();
  }
  return "was not refused";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

using namespace std::string_literals;

}  // namespace

TEST_CASE("texts come as JSON, flat or nested, in rows of one") {
  CHECK(parse(asking(R"("shape":[2,1],"data":["a","b"])")).texts == texts{"a", "b"});
  CHECK(parse(asking(R"("shape":[2],"data":["a","b"])")).texts == texts{"a", "b"});
  CHECK(parse(asking(R"("shape":[2,1],"data":[["a"],["b"]])")).texts == texts{"a", "b"});
  CHECK(parse_infer(asking(plain), std::nullopt, max_inputs, "EMBEDDING").texts == texts{"a"});
  CHECK_FALSE(parse(asking(plain)).binary_output);
}

TEST_CASE("texts come as bytes behind the JSON, each after its size") {
  CHECK(parse(binary(11), "\1\0\0\0a\2\0\0\0bc"s).texts == texts{"a", "bc"});
  CHECK(parse(binary(11), "\1\0\0\0a\2\0\0\0\0c"s).texts == texts{"a", "\0c"s});
}

TEST_CASE("without any JSON the body is one text, and the answer is binary") {
  const infer_request raw = parse_infer("a text", 0, max_inputs, "EMBEDDING");
  CHECK(raw.texts == texts{"a text"});
  CHECK(raw.binary_output);
  CHECK_THROWS_AS(parse_infer("", 0, max_inputs, "EMBEDDING"), api_error);
}

TEST_CASE("H12: binary data that does not fit its sizes is refused with the name of the text") {
  CHECK(mentions(refusal(binary(3), "\1\0\0"s), "ends before the size of TEXT[0]"));
  CHECK(mentions(refusal(binary(6), "\1\0\0\0a\1"s), "ends before the size of TEXT[1]"));
  CHECK(mentions(refusal(binary(6), "\3\0\0\0ab"s), "ends within TEXT[0]"));
  CHECK(mentions(refusal(binary(6),
                         "\xff\xff\xff\xff"
                         "ab"s),
                 "ends within TEXT[0]"));
  CHECK(mentions(refusal(binary(11), "\1\0\0\0a\1\0\0\0bc"s), "more than its shape says"));
  CHECK(mentions(refusal(binary(5), "\1\0\0\0a\1\0\0\0b"s), "binary_data_size is 5, but 10 bytes follow"));
  CHECK(mentions(refusal(binary(9), "\1\0\0\0a\0\0\0\0"s), "TEXT[1] must not be empty"));
  CHECK(mentions(refusal(asking(plain), "x"), "no input claims"));
  CHECK(mentions(refusal(asking(plain + R"(,"parameters":{"binary_data_size":1})"), "x"), "either data or"));
  CHECK(mentions(refusal(asking(R"("shape":[1])")), "either data or"));
  CHECK(mentions(refusal(asking(R"("shape":[1],"parameters":{"binary_data_size":-1})")), "binary_data_size"));
}

TEST_CASE("H12: the size of the JSON must lie within the body") {
  CHECK_THROWS_AS(parse_infer(asking(plain), asking(plain).size() + 1, max_inputs, "EMBEDDING"), api_error);
  CHECK_THROWS_AS(parse_infer(asking(plain), 5, max_inputs, "EMBEDDING"), api_error);
}

TEST_CASE("H12: shapes that overflow, are negative, or have columns are refused") {
  for (const char* shape : {"[]", "[-1]", "[1,2]", "[1,1,1]", "[1,0]", "[1,-1]", R"(["1"])", "[1.5]", "null",
                            "[16,1152921504606846978]", "[18446744073709551616]", "{}"})
    CHECK(refusal(asking("\"shape\":"s + shape + R"(,"data":["a"])")) != "was not refused");
  CHECK(mentions(refusal(asking(R"("shape":[4294967297],"data":["a"])")), "maximum allowed batch size 4"));
  CHECK(mentions(refusal(asking(R"("shape":[9223372036854775807,1],"data":["a"])")), "batch size"));
  CHECK(mentions(refusal(asking(R"("shape":[0],"data":[])")), "must not be empty"));
}

TEST_CASE("data must hold as many texts as the shape says") {
  CHECK(mentions(refusal(asking(R"("shape":[2],"data":["a"])")), "fewer"));
  CHECK(mentions(refusal(asking(R"("shape":[1],"data":["a","b"])")), "more"));
  CHECK(mentions(refusal(asking(R"("shape":[1],"data":[1])")), "strings"));
  CHECK(mentions(refusal(asking(R"("shape":[1],"data":"a")")), "list"));
  CHECK(mentions(refusal(asking(R"("shape":[1],"data":[""])")), "TEXT[0] must not be empty"));
}

TEST_CASE("inputs and outputs that a model does not have are refused by name") {
  CHECK(mentions(refusal("{}"), "inputs must be a list"));
  CHECK(mentions(refusal(R"({"inputs":[]})"), "one tensor"));
  CHECK(mentions(refusal(R"({"inputs":[1]})"), "must be a JSON object"));
  CHECK(mentions(refusal(R"({"inputs":[{"name":"X","datatype":"BYTES"}]})"), "the only one is TEXT"));
  CHECK(mentions(refusal(R"({"inputs":[{"name":"TEXT","datatype":"FP32"}]})"), "must be BYTES"));
  CHECK(mentions(refusal(asking(plain, R"(,"outputs":[{"name":"X"}])")), "the only one is EMBEDDING"));
  CHECK(mentions(refusal(asking(plain, R"(,"outputs":[{"name":"EMBEDDING"},{"name":"EMBEDDING"}])")),
                 "more than once"));
  CHECK(mentions(
      refusal(asking(plain, R"(,"outputs":[{"name":"EMBEDDING","parameters":{"classification":1}}])")),
      "classification"));
  const std::string shared = R"("parameters":{"shared_memory_region":"r","shared_memory_byte_size":8})";
  CHECK(mentions(refusal(asking(plain, R"(,"outputs":[{"name":"EMBEDDING",)" + shared + "}]")),
                 "shared_memory_region is not on offer"));
  CHECK(mentions(refusal(R"({"inputs":[{"name":"TEXT","datatype":"BYTES","shape":[1],)" + shared + "}]}"),
                 "shared_memory_region is not on offer"));
}

TEST_CASE("an output is binary if it says so, or all are") {
  const auto is_binary = [](const std::string& more) { return parse(asking(plain, more)).binary_output; };
  CHECK(is_binary(R"(,"parameters":{"binary_data_output":true})"));
  CHECK(is_binary(R"(,"outputs":[{"name":"EMBEDDING","parameters":{"binary_data":true}}])"));
  CHECK_FALSE(is_binary(R"(,"outputs":[{"name":"EMBEDDING"}])"));
  CHECK_FALSE(is_binary(R"(,"parameters":{"binary_data_output":true},)"
                        R"("outputs":[{"name":"EMBEDDING","parameters":{"binary_data":false}}])"));
}

TEST_CASE("id, timeout and priority are honoured") {
  const auto with = [](const std::string& parameters) {
    return parse(asking(plain, R"(,"id":"42","parameters":{)" + parameters + "}"));
  };
  CHECK(with("").id == "42");
  CHECK(with("").priority == 0);
  CHECK_FALSE(with(R"("timeout":0)").time_limit);
  CHECK(with(R"("timeout":1500)").time_limit == 1500us);
  CHECK(with(R"("priority":0)").priority == 0);
  CHECK(with(R"("priority":1)").priority > with(R"("priority":2)").priority);
  CHECK(with(R"("priority":2)").priority == 0);
  CHECK(with(R"("priority":3)").priority < 0);
  CHECK(with(R"("unknown":{"x":1})").id == "42");
  CHECK(mentions(refusal(asking(plain, R"(,"parameters":{"priority":4})")), "from 0 to 3"));
  CHECK(mentions(refusal(asking(plain, R"(,"parameters":{"timeout":-1})")), "timeout"));
  CHECK(mentions(refusal(asking(plain, R"(,"parameters":{"sequence_id":1})")), "sequence_id"));
  CHECK(mentions(refusal(asking(plain, R"(,"id":42)")), "id must be a string"));
}
