// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/program_lane.hpp>

#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace carpool::bert;

namespace {

class made_program final : public program {
 public:
  using function = std::function<at::Tensor(const at::Tensor&, const at::Tensor&)>;
  explicit made_program(function run) : program("made.pt2"), run_(std::move(run)) {}
  at::Tensor operator()(const at::Tensor& ids, const at::Tensor& mask) override { return run_(ids, mask); }

 private:
  function run_;
};

program_lane lane_of(made_program::function run) {
  return {std::make_shared<made_program>(std::move(run)), 2, c10::kCPU, 1};
}

/// [sum of the ids, number of tokens]
at::Tensor sums(const at::Tensor& ids, const at::Tensor& mask) {
  at::Tensor result = at::zeros({ids.size(0), 2}, at::kDouble);
  result.select(1, 0).copy_(ids.mul(mask).sum(1));
  result.select(1, 1).copy_(mask.sum(1));
  return result;
}

packed_batch pack(const std::vector<tokens>& texts) {
  packed_batch batch;
  for (const tokens& text : texts) batch.append(text);
  batch.close();
  return batch;
}

std::vector<std::int64_t> values(const at::Tensor& t) {
  return {t.const_data_ptr<std::int64_t>(), t.const_data_ptr<std::int64_t>() + t.numel()};
}

std::string complaint(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& fault) {
    return fault.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a packed batch becomes ids and a mask that are padded to the longest text") {
  const padded_batch padded(pack({tokens{{5, 6, 7}}, tokens{{8}}}));
  CHECK(padded.ids.sizes() == at::IntArrayRef{2, 3});
  CHECK(values(padded.ids) == std::vector<std::int64_t>{5, 6, 7, 8, 0, 0});
  CHECK(values(padded.mask) == std::vector<std::int64_t>{1, 1, 1, 1, 0, 0});
}

TEST_CASE("rows that were added to a packed batch for its matrices are no padding of a text") {
  std::vector<tokens> texts(40, tokens{{1}});
  texts.push_back(tokens{{2, 3}});
  const padded_batch padded(pack(texts));
  CHECK(padded.ids.sizes() == at::IntArrayRef{41, 2});
  CHECK(padded.mask.sum().item<std::int64_t>() == 42);
  CHECK(padded.ids.sum().item<std::int64_t>() == 45);
}

TEST_CASE("a program's embeddings arrive in fp32, in the order of the texts") {
  program_lane tested = lane_of(sums);
  const at::Tensor result = tested.run(pack({tokens{{5, 6, 7}}, tokens{{8}}}));
  CHECK((result.scalar_type() == at::kFloat));
  CHECK(result.is_contiguous());
  const float* const row = result.const_data_ptr<float>();
  CHECK(std::vector<float>{row, row + 4} == std::vector<float>{18, 3, 8, 1});
}

TEST_CASE("a program that returns no embeddings is told so in each run, with its name and both shapes") {
  const auto run = [](at::Tensor result) {
    program_lane tested = lane_of([=](const at::Tensor&, const at::Tensor&) { return result; });
    return complaint([&] { tested.run(pack({tokens{{5, 6, 7}}, tokens{{8}}})); });
  };
  CHECK(run(at::zeros({2, 3})) ==
        "made.pt2: the program returned Float[2, 3] on cpu for ids of the shape [2, 3]; it must return "
        "floating-point numbers [2, 2], the texts times the model's hidden_size, on cpu");
  CHECK(run(at::zeros({2, 2}, at::kLong)).find("returned Long[2, 2]") != std::string::npos);
  CHECK(run(at::zeros({4})).find("returned Float[4]") != std::string::npos);
  CHECK(run(at::Tensor{}).find("returned nothing") != std::string::npos);
  CHECK(run(at::zeros({2, 2})).empty());
}

TEST_CASE("a program is tried out before it serves: what cannot be served is a load_error") {
  const auto trial = [](made_program::function run) {
    program_lane tested = lane_of(std::move(run));
    try {
      tested.try_out(20);
    } catch (const load_error& refused) {
      return std::string(refused.what());
    }
    return std::string{};
  };
  CHECK(trial(sums).empty());
  CHECK(trial([](const at::Tensor& ids, const at::Tensor&) {
          return at::zeros({ids.size(0), 3});
        }).starts_with("made.pt2: the program returned Float[1, 3]"));
  CHECK(trial([](const at::Tensor&, const at::Tensor&) {
          return at::zeros({1, 2});  // as if exported for one text only
        }).starts_with("made.pt2: the program returned Float[1, 2]"));
  CHECK(trial([](const at::Tensor& ids, const at::Tensor&) {
          return ids.matmul(ids).to(at::kFloat);
        }).starts_with("made.pt2: the program failed when it was tried out with a text of 2 tokens: "));
  CHECK(trial([](const at::Tensor& ids, const at::Tensor& mask) {
          if (ids.size(1) > 19) throw std::length_error("too long");
          return sums(ids, mask);
        }) == "made.pt2: the program failed when it was tried out with a text of 20 tokens: too long");
  CHECK(trial([](const at::Tensor& ids, const at::Tensor& mask) {
          return sums(ids, at::ones_like(mask));
        }).find("the mask, must keep padding out") != std::string::npos);
}

TEST_CASE("of an engine's error the line is told that has the cause") {
  CHECK(cause_of(c10::Error("the cause\nand more", c10::Backtrace{})) == "the cause");
  const std::string text = "Traceback of TorchScript:\n  line 1\nRuntimeError: the cause\n\n";
  CHECK(cause_of(std::runtime_error(text)) == "RuntimeError: the cause");
  CHECK(cause_of(c10::Error(text, c10::Backtrace{})) == "RuntimeError: the cause");
  CHECK(cause_of(std::runtime_error("the cause")) == "the cause");
}
