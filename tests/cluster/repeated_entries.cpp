// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A server of Redis that takes another one's place without having heard of its last entries.

#include "scene.hpp"

#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace carpool::test;

namespace {

const std::string requests = "'{cp:default}:req'";

// The names of the entries, in order.
std::vector<std::string> names(const redis_server& redis) {
  std::istringstream lines(redis.ask("XRANGE " + requests + " - + | grep -aE '^[0-9]+-[0-9]+$'"));
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);) found.push_back(line);
  return found;
}

}  // namespace

TEST_CASE("Q12: an entry's name has the microsecond and the text's number: no other server gives the same") {
  const redis_server redis;
  test_gateway one(redis.socket()), other(redis.socket());
  const auto some = one.submit({"a", "b"}), more = other.submit({"c"});
  await_length(redis, "req", 3);
  std::set<std::string> numbers;
  for (const std::string& name : names(redis)) {
    CHECK(name.find('-') == 13);  // what is before it are milliseconds since 1970
    CHECK(name.substr(13, 2) == "-1");
    CHECK(name.size() == 13 + 2 + 3 + 12);
    numbers.insert(name.substr(name.size() - 12));
  }
  CHECK(numbers.size() == 3);
}

TEST_CASE("Q12: a server whose clock is behind that of the one it replaces takes texts in their order") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  const std::string last = "99999999999999-1999999999999999";
  REQUIRE(redis.ask("XADD " + requests + " " + last + " id 1 to nobody p ''") == last);
  auto replies = gateway.submit({"first", "second"});
  await_length(redis, "req", 3);
  CHECK(names(redis).at(1) == "99999999999999-2000000000000000");
  CHECK(names(redis).at(2) == "99999999999999-2000000000000001");
  const auto worker = start_worker(redis);
  const auto both = replies.get();
  check_result(both.at(0), "first");
  check_result(both.at(1), "second");
  await_length(redis, "dead", 1);  // what nobody could read
  check_empty(redis);
  end(*worker);
}

TEST_CASE("Q12: replies of a server whose clock is behind that of the one it replaces are read") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  auto replies = gateway.submit({"mine"});
  await_length(redis, "req", 1);
  const std::string stream = redis.ask("XRANGE " + requests + " - + | sed -n '/^to$/{n;p}'");
  redis.ask("XADD '" + stream + "' 99999999999999-0 id 1 r 'of the server before'");
  await([&] { return gateway.unwanted() == 1; });
  redis.ask("DEL '" + stream + "'");
  redis.ask("CLIENT KILL TYPE normal");
  const auto worker = start_worker(redis);
  check_result(replies.get()[0], "mine");
}
