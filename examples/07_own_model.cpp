// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
// Lesson 7: tensor models of one's own. One is written with libtorch's operators and takes rows of eight
// numbers; the other one is TorchScript and takes token ids, padded to the longest of their batch.

#include <carpool/carpool.hpp>
#include <carpool/tensors/batched.hpp>

#include <boost/asio/use_future.hpp>

#include <ATen/ops/arange.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/jit/api/compilation_unit.h>

#include <cmath>
#include <future>
#include <iostream>
#include <vector>

using boost::asio::use_future;
using batcher = carpool::DynamicBatcher<at::Tensor, at::Tensor>;
namespace tensors = carpool::tensors;

int main() {
  const auto probabilities = [weight = at::randn({3, 8})](const at::Tensor& rows) {
    return at::linear(rows, weight).softmax(1);  // [n, 8] -> [n, 3]
  };
  batcher numbers{{.max_batch_size = 64}, tensors::batched{tensors::stack{{8}}, probabilities}};

  const torch::jit::CompilationUnit script(R"(
def classify(ids, mask):
    return (ids * mask).sum(1) % 2
)");
  const auto is_odd = [&](const at::Tensor& ids, const at::Tensor& mask) {
    return script.get_function("classify")({ids, mask}).toTensor();  // [n, longest] each -> [n]
  };
  batcher texts{{.batch_work = &carpool::padded_work}, tensors::batched{tensors::pad{{}, at::kLong}, is_odd}};

  std::vector<std::future<at::Tensor>> rows, classes;
  for (int i = 0; i < 200; ++i) {
    rows.push_back(numbers.async_submit(at::randn({8}), use_future));
    classes.push_back(texts.async_submit(at::arange(1 + i % 9, at::kLong), use_future));
  }
  auto bad = texts.async_submit(at::randn({8}), use_future);

  int wrong = 0;
  for (auto& row : rows) wrong += std::abs(row.get().sum().item<double>() - 1) > 1e-5;
  for (int i = 0; i < 200; ++i)
    wrong += classes[static_cast<std::size_t>(i)].get().item<int>() != (1 + i % 9) * (i % 9) / 2 % 2;
  try {
    bad.get();
  } catch (const boost::system::system_error& refused) {
    std::cout << "a request of numbers for the model of ids: " << refused.code().message() << '\n';
  }
  std::cout << numbers.stats().batches << " and " << texts.stats().batches << " runs, " << wrong
            << " wrong\n";
  return wrong == 0 ? 0 : 1;
}
