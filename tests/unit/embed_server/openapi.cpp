// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/openapi.hpp"

#include "embed_server/api_error.hpp"
#include "embed_server/docs_page.hpp"
#include "embed_server/routes.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <set>
#include <string>
#include <string_view>
#include <utility>

using namespace embed_server;
using namespace carpool::test;
namespace json = boost::json;

namespace {

using operation_name = std::pair<std::string, std::string>;  // path and method

std::set<operation_name> documented(const json::object& document) {
  std::set<operation_name> result;
  for (const auto& [path, methods] : document.at("paths").as_object())
    for (const auto& [method, operation] : methods.as_object()) result.emplace(path, method);
  return result;
}

const json::object& responses_of(const json::object& document, std::string_view path,
                                 std::string_view method) {
  return document.at("paths").at(path).at(method).at("responses").as_object();
}

// Calls `visit` with the target of each reference in the document.
template <class Visit>
void each_reference(const json::value& value, const Visit& visit) {
  if (const auto* list = value.if_array())
    for (const json::value& element : *list) each_reference(element, visit);
  if (const auto* object = value.if_object()) {
    for (const auto& [name, member] : *object) {
      if (name == "$ref") visit(std::string_view(member.as_string()));
      each_reference(member, visit);
    }
  }
}

// Whether a program that makes a client of the document can read this part of it.
void check_readable(const json::value& value) {
  if (const auto* list = value.if_array())
    for (const json::value& element : *list) check_readable(element);
  const auto* object = value.if_object();
  if (object == nullptr) return;
  for (const auto& [name, member] : *object) check_readable(member);
  CAPTURE(json::serialize(value));
  if (const auto* type = object->if_contains("type"); type != nullptr && *type == "array")
    CHECK(object->contains("items"));
  if (const auto* values = object->if_contains("enum")) {
    std::set<std::string, boost::beast::iless> names;
    for (const json::value& each : values->as_array()) CHECK(names.insert(json::serialize(each)).second);
  }
}

}  // namespace

TEST_CASE("every route is described and everything described is a route") {
  std::set<operation_name> routed;
  for (const route& each : all_routes())
    routed.emplace(each.path, each.method == http::verb::post ? "post" : "get");
  CHECK(documented(openapi_document()) == routed);
}

TEST_CASE("operations have names of their own, a summary and a known group") {
  const json::object document = openapi_document();
  std::set<std::string> names, groups;
  for (const json::value& tag : document.at("tags").as_array()) groups.emplace(tag.at("name").as_string());
  for (const operation_name& each : documented(document)) {
    CAPTURE(each.first);
    const json::value& operation = document.at("paths").at(each.first).at(each.second);
    CHECK(names.emplace(operation.at("operationId").as_string()).second);
    CHECK(!operation.at("summary").as_string().empty());
    CHECK(groups.contains(std::string(operation.at("tags").at(0).as_string())));
  }
  CHECK(names.contains("post_v1_embeddings"));
  CHECK(names.contains("post"));  // the bare address
}

TEST_CASE("all that the description refers to is in it, and all schemas are referred to") {
  const json::value document = openapi_document();
  std::set<std::string> used;
  each_reference(document, [&](std::string_view target) {
    CAPTURE(target);
    REQUIRE(target.starts_with('#'));
    boost::system::error_code ec;
    document.find_pointer(target.substr(1), ec);
    CHECK(!ec);
    used.emplace(target);
  });
  for (const auto& schema : document.at("components").at("schemas").as_object()) {
    CAPTURE(std::string(schema.key()));
    CHECK(used.contains("#/components/schemas/" + std::string(schema.key())));
  }
}

TEST_CASE("lists say what is in them and names differ not only in case, since clients are made of them") {
  check_readable(openapi_document());
}

TEST_CASE("errors are described with the statuses of the table and the shape of the path's family") {
  const json::object document = openapi_document();
  const auto schema_of = [&](std::string_view path, const char* method, const char* status) {
    return std::string(responses_of(document, path, method)
                           .at(status)
                           .at("content")
                           .at("application/json")
                           .at("schema")
                           .at("$ref")
                           .as_string());
  };
  CHECK(schema_of("/embed", "post", "422") == "#/components/schemas/TeiError");
  CHECK(schema_of("/embed", "post", "424") == "#/components/schemas/TeiError");
  CHECK(schema_of("/v1/embeddings", "post", "429") == "#/components/schemas/OpenAIError");
  CHECK(schema_of("/v2/models/{model}/infer", "post", "404") == "#/components/schemas/OpenInferenceError");
  CHECK(schema_of("/info", "get", "401") == "#/components/schemas/TeiError");
  CHECK(!responses_of(document, "/health", "get").contains("401"));
  CHECK(!responses_of(document, "/embed_sparse", "post").contains("200"));
  CHECK(!responses_of(document, "/tokenize", "post").contains("429"));
}

TEST_CASE("each error is described in words, and those that share a status together") {
  const json::object document = openapi_document();
  for (const operation_name& each : documented(document)) {
    CAPTURE(each.first);
    std::string before;
    for (const auto& [status, answer] : responses_of(document, each.first, each.second)) {
      CHECK(!answer.at("description").as_string().empty());
      CHECK(before < std::string(status));  // in order
      before = status;
    }
  }
  CHECK(responses_of(document, "/v1/embeddings", "post").at("400").at("description") ==
        "Not valid HTTP, JSON or compression. A field is missing or wrong, or there is too much of it; the "
        "message names it. A text or list is empty. The model is of a kind that cannot do this");
}

TEST_CASE("who may come without a key is told so") {
  const json::object document = openapi_document();
  CHECK(document.at("paths").at("/health").at("get").at("security").as_array().empty());
  CHECK(!document.at("paths").at("/embed").at("post").as_object().contains("security"));
  CHECK(document.at("security").as_array().size() == 3);
}

TEST_CASE("the description and its page are served to everybody") {
  test_server server;
  http_client client(server.port());
  const auto description = client.ask(get("/openapi.json"));
  CHECK(description.status == 200);
  CHECK(description.field("content-type") == "application/json");
  CHECK(json::parse(description.body).at("openapi") == "3.1.0");
  const auto page = client.ask(get("/docs"));
  CHECK(page.status == 200);
  CHECK(page.field("content-type") == "text/html; charset=utf-8");
  CHECK(page.field("content-security-policy") == "default-src 'none'; style-src 'unsafe-inline'");
  CHECK(is_open(endpoint::openapi));
  CHECK(is_open(endpoint::docs));
}

TEST_CASE("the page shows every operation, and needs neither network nor script") {
  const std::string page = docs_page(openapi_document());
  for (const route& each : all_routes()) {
    const std::string shown = (each.method == http::verb::post ? "POST " : "GET ") + std::string(each.path);
    CHECK_MESSAGE(page.find("<code>" + shown + "</code>") != page.npos, shown);
  }
  CHECK(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
  CHECK(page.find("<script") == page.npos);
  CHECK(page.find("src=") == page.npos);
  CHECK(page.find("url(") == page.npos);
  CHECK(page.find("prefers-color-scheme: dark") != page.npos);
}

TEST_CASE("every link on the page leads somewhere, and no two places share a name") {
  const std::string page = docs_page(openapi_document());
  std::set<std::string> places;
  for (auto at = page.find(" id=\""); at != page.npos; at = page.find(" id=\"", at + 1)) {
    const auto begin = at + 5;
    CHECK(places.insert(page.substr(begin, page.find('"', begin) - begin)).second);
  }
  for (auto at = page.find("href=\"#"); at != page.npos; at = page.find("href=\"#", at + 1)) {
    const auto begin = at + 7;
    const std::string target = page.substr(begin, page.find('"', begin) - begin);
    CHECK_MESSAGE(places.contains(target), target);
  }
}

TEST_CASE("what a description says cannot become markup") {
  json::object document = openapi_document();
  document["info"].as_object()["title"] = "<script>&\"";
  CHECK(docs_page(document).find("<h1>&lt;script&gt;&amp;&quot;") != std::string::npos);
}
