// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/request.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <support/doctest.hpp>
#include <support/replies.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace carpool::execution;
using carpool::error;
using carpool::scheduling::outcome;
using carpool::test::reply;
using strings = std::vector<std::string>;

namespace {

using one_handler = decltype(std::declval<reply<std::string>>().handler());
using many_handler = decltype(std::declval<reply<strings>>().handler());
using single = single_operation<int, std::string, one_handler>;
using many = many_operation<int, std::string, many_handler>;

const request_times when;
const carpool::submit_options asked;

std::vector<request<int, std::string>*> items_of(many& operation) {
  std::vector<request<int, std::string>*> items;
  operation.requests().for_each(
      [&](pending_request& each) { items.push_back(static_cast<request<int, std::string>*>(&each)); });
  return items;
}

void invoke_all(completion_list ready) {
  handler_run run(nullptr);
  while (completion* operation = ready.pop()) operation->invoke(run);
}

}  // namespace

TEST_CASE("every way to end early has its code") {
  CHECK(code_of(outcome::rejected) == error::queue_full);
  CHECK(code_of(outcome::too_large) == error::too_large);
  CHECK(code_of(outcome::device_lost) == error::device_lost);
  CHECK(code_of(outcome::expired) == error::expired);
  CHECK(code_of(outcome::shut_down) == error::shut_down);
  CHECK(code_of(outcome::failed) == error::model_failed);
  CHECK(code_of(outcome::cancelled) == asio::error::operation_aborted);
  CHECK(!code_of(outcome::succeeded));
}

TEST_CASE("a request keeps its result or its error, and asks for no assignment") {
  asio::io_context io;
  reply<std::unique_ptr<int>> r;
  using handler = decltype(r.handler());
  auto* operation = single_operation<int, std::unique_ptr<int>, handler>::make(
      nullptr, r.handler(), home(io.get_executor()), when, asked, 1);
  completion_list ready;
  operation->succeed(std::make_unique<int>(4), ready);
  REQUIRE(operation->output());
  CHECK(**operation->output() == 4);
  auto* failed =
      single::make(nullptr, reply<std::string>().handler(), home(io.get_executor()), when, asked, 1);
  failed->fail(error::expired, ready);
  CHECK(!failed->output());
  CHECK(failed->error() == error::expired);
}

TEST_CASE("a single operation completes with its result or its error") {
  asio::io_context io;
  reply<std::string> good;
  reply<std::string> bad;
  completion_list ready;
  auto* first = single::make(nullptr, good.handler(), home(io.get_executor()), when, asked, 1);
  auto* second = single::make(nullptr, bad.handler(), home(io.get_executor()), when, asked, 2);
  CHECK(first->requests().count() == 1);
  CHECK(first->input == 1);
  first->succeed(std::string("result"), ready);
  second->fail(error::shut_down, ready);
  invoke_all(std::move(ready));
  CHECK(good.succeeded_with("result"));
  CHECK(bad.failed_with(error::shut_down));
}

TEST_CASE("an operation of many completes when its last input has ended, in whatever order they end") {
  asio::io_context io;
  reply<strings> r;
  auto* operation =
      many::make(nullptr, r.handler(), home(io.get_executor()), when, asked, std::vector<int>{1, 2, 3});
  CHECK(operation->requests().count() == 3);
  const auto items = items_of(*operation);
  completion_list ready;
  items[2]->succeed(std::string("c"), ready);
  items[0]->succeed(std::string("a"), ready);
  CHECK(ready.empty());
  items[1]->succeed(std::string("b"), ready);
  CHECK(ready.front() == operation);
  invoke_all(std::move(ready));
  CHECK(r.succeeded_with({"a", "b", "c"}));
}

TEST_CASE("an operation of many tells the error of the first input that failed, not of the first to fail") {
  asio::io_context io;
  reply<strings> r;
  auto* operation =
      many::make(nullptr, r.handler(), home(io.get_executor()), when, asked, std::vector<int>{1, 2, 3});
  const auto items = items_of(*operation);
  completion_list ready;
  items[2]->fail(error::expired, ready);
  items[1]->fail(error::model_failed, ready);
  items[0]->succeed(std::string("a"), ready);
  invoke_all(std::move(ready));
  CHECK(r.failed_with(error::model_failed));
  CHECK(r.value().empty());
}
