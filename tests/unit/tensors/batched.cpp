// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/error_of.hpp"
#include "support/resident_memory.hpp"
#include <carpool/carpool.hpp>
#include <carpool/tensors/batched.hpp>

#include <boost/asio/use_future.hpp>

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>

#include <cstdint>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace carpool::tensors;
using boost::asio::use_future;
using carpool::test::error_of;

namespace {

using batcher = carpool::DynamicBatcher<at::Tensor, at::Tensor>;

/// One batch through the functor set, as a batcher would do it.
template <class Set>
std::vector<boost::system::result<at::Tensor>> run(Set set, const std::vector<at::Tensor>& requests) {
  return set.split(set.model(set.collate(requests)), requests.size());
}

at::Tensor sum_of_rows(const at::Tensor& values, const at::Tensor& mask) { return values.mul(mask).sum(1); }

}  // namespace

TEST_CASE("tensors of different lengths share a run, and each request gets its own row") {
  const batched set{pad{{}, at::kLong}, sum_of_rows};
  const auto items = run(set, {at::arange(5), at::arange(1), at::arange(9)});
  REQUIRE(items.size() == 3);
  CHECK(items[0].value().item<int>() == 10);
  CHECK(items[1].value().item<int>() == 0);
  CHECK(items[2].value().item<int>() == 36);
  CHECK(items[0].value().dim() == 0);
}

TEST_CASE("a tensor of a bad shape fails its own request, and the others are answered in order") {
  int rows = 0;
  batched set{stack{{2}}, [&](const at::Tensor& values) {
                rows = static_cast<int>(values.size(0));
                return values.mul(2);
              }};
  const auto items = run(set, {at::ones({3}), at::ones({2}), at::Tensor{}, at::full({2}, 5.0F)});
  REQUIRE(items.size() == 4);
  CHECK(items[0].error() == error::wrong_shape);
  CHECK(items[1].value().sum().item<int>() == 4);
  CHECK(items[2].error() == error::no_tensor);
  CHECK(items[3].value().sum().item<int>() == 20);
  CHECK(rows == 2);
}

TEST_CASE("where all are refused the model does not run") {
  batched set{stack{{2}}, [](const at::Tensor&) -> at::Tensor { throw std::logic_error("it ran"); }};
  const auto items = run(set, {at::ones({3}), at::ones({})});
  CHECK(items.at(0).error() == error::wrong_shape);
  CHECK(items.at(1).error() == error::wrong_shape);
}

TEST_CASE("a model is called with offsets when rows are concatenated, without gradients in any case") {
  batched set{concatenate{{2}}, [](const at::Tensor& rows, const at::Tensor& offsets) {
                CHECK_FALSE(rows.mul(2).requires_grad());
                return offsets.diff();
              }};
  at::Tensor trained = at::ones({3, 2}).requires_grad_(true);
  const auto items = run(set, {trained, at::ones({4, 2})});
  CHECK(items.at(0).value().item<int>() == 3);
  CHECK(items.at(1).value().item<int>() == 4);
}

TEST_CASE("a model that returns another number of rows is told so") {
  const auto complaint = [](at::Tensor result) {
    try {
      run(batched{stack{{2}}, [=](const at::Tensor&) { return result; }}, {at::ones({2}), at::ones({2})});
    } catch (const std::runtime_error& fault) {
      return std::string(fault.what());
    }
    return std::string{};
  };
  CHECK(complaint(at::ones({3, 2})) ==
        "the model returned a tensor of the shape [3, 2] for 2 requests; its first dimension must be the "
        "requests");
  CHECK(complaint(at::ones({})).find("shape []") != std::string::npos);
  CHECK(complaint({}).find("no tensor") != std::string::npos);
  CHECK(complaint(at::ones({2})).empty());
}

TEST_CASE("libtorch's lack of memory becomes carpool's, on a GPU and on the CPU") {
  batched set{stack{{2}}, [](const at::Tensor& values) {
                TORCH_CHECK_WITH(OutOfMemoryError, false, "Tried to allocate 2.00 GiB");
                return values;
              }};
  CHECK_THROWS_AS(run(set, {at::ones({2})}), carpool::out_of_memory);
  batched in_torchscript{
      stack{{2}}, [](const at::Tensor&) -> at::Tensor {
        throw std::runtime_error(
            "Traceback of TorchScript:\nRuntimeError: CUDA out of memory. Tried to allocate");
      }};
  CHECK_THROWS_AS(run(in_torchscript, {at::ones({2})}), carpool::out_of_memory);
  // That ends the process where memory is asked for in vain.
  if (carpool::test::under_address_sanitizer) return;
  batched huge{stack{{2}}, [](const at::Tensor& values) {
                 return at::empty({std::int64_t{1} << 45}, values.options());  // of the CPU
               }};
  CHECK_THROWS_AS(run(huge, {at::ones({2})}), carpool::out_of_memory);
}

TEST_CASE("what oneDNN compiles on one thread no more is run on another one") {
  const auto unlucky = std::this_thread::get_id();
  int calls = 0;
  bool memory = false;
  batched set{stack{{1}}, [&](at::Tensor values) {
                ++calls;
                CHECK(c10::InferenceMode::is_enabled());
                if (!memory || std::this_thread::get_id() == unlucky)
                  throw std::runtime_error("could not create a primitive");
                return values.mul(2);
              }};
  CHECK_THROWS_AS(run(set, {at::ones({1})}), carpool::out_of_memory);
  memory = true;
  CHECK(run(set, {at::ones({1})}).at(0).value().item<int>() == 2);
  CHECK(calls == 4);
  batched faulty{stack{{1}}, [&](const at::Tensor&) -> at::Tensor {
                   if (std::this_thread::get_id() == unlucky)
                     throw std::runtime_error("could not create a primitive");
                   throw std::system_error(std::make_error_code(std::errc::io_error));
                 }};
  CHECK_THROWS_AS(run(faulty, {at::ones({1})}), std::system_error);
}

TEST_CASE("another thread has as many threads for an operation, whatever others set meanwhile") {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  const int found = carpool::tensors::on_fresh_thread([] {
    std::thread([] { at::set_num_threads(7); }).join();
    return at::get_num_threads();
  });
  at::set_num_threads(before);
  CHECK(found == 2);
}

TEST_CASE("behind a batcher: many requests, a bad one among them, and their work is known") {
  const batched set{pad{{}, at::kLong}, sum_of_rows};
  static_assert(carpool::knows_work<decltype(set), at::Tensor>);
  static_assert(!carpool::knows_work<batched<stack, std::negate<>>, at::Tensor>);
  batcher tested{{.batch_work = &carpool::padded_work, .lanes = 2}, set};
  std::vector<std::future<at::Tensor>> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(tested.async_submit(at::arange(1 + i % 7), use_future));
  auto bad = tested.async_submit(at::ones({3}), use_future);
  auto none = tested.async_submit(at::Tensor{}, use_future);
  for (int i = 0; i < 100; ++i)
    CHECK(answers[static_cast<std::size_t>(i)].get().item<int>() == (1 + i % 7) * (i % 7) / 2);
  CHECK(error_of([&] { bad.get(); }) == error::wrong_type);
  CHECK(error_of([&] { none.get(); }) == error::no_tensor);
}

TEST_CASE("a tensor that makes the model fail fails alone") {
  batched set{stack{{1}}, [](const at::Tensor& values) {
                if (values.eq(13).any().item<bool>()) throw std::runtime_error("13");
                return values;
              }};
  batcher tested{{}, set};
  std::vector<std::future<at::Tensor>> answers;
  for (int i = 0; i < 32; ++i) answers.push_back(tested.async_submit(at::full({1}, float(i)), use_future));
  for (int i = 0; i < 32; ++i) {
    auto& answer = answers[static_cast<std::size_t>(i)];
    if (i == 13)
      CHECK(error_of([&] { answer.get(); }) == carpool::error::model_failed);
    else
      CHECK(answer.get().item<int>() == i);
  }
}
