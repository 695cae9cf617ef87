// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/cpu_lane.hpp>
#include <carpool/bert/int8_linear.hpp>

#include <ATen/Context.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

using carpool::bert::cpu_features;
using carpool::bert::int8_linear;
using carpool::bert::intra_op_threads;

#ifdef __x86_64__

namespace {

struct fixture {
  c10::InferenceMode no_gradients;
  int8_linear kernels = *int8_linear::find(cpu_features{});
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor x;

  fixture() {
    at::manual_seed(1);
    weight = at::randn({40, 104}).mul_(0.2);  // 104 is no multiple of 16
    bias = at::randn({40});
    x = at::randn({300, 104});  // more rows than a block
  }

  at::Tensor run(const at::Tensor& rows, const int8_linear& with) const {
    return with(rows, with.prepare(weight, bias));
  }

  at::Tensor run(const at::Tensor& rows) const { return run(rows, kernels); }
};

/// |a - b| / |b|
double relative(const at::Tensor& a, const at::Tensor& b) {
  return a.sub(b).norm().item<double>() / b.norm().item<double>();
}

}  // namespace

TEST_CASE("a quantised layer multiplies and adds the bias, within the error of seven bits") {
  const fixture given;
  const double error = relative(given.run(given.x), at::linear(given.x, given.weight, given.bias));
  CHECK(error < 0.02);
  CHECK(error > 1e-4);
}

TEST_CASE("numbers that integers stand for exactly come out exactly, negative, shifted and scaled ones") {
  fixture given;
  given.weight = given.weight.mul(100).round_().clamp_(-127, 127);
  given.weight.select(1, 0).fill_(127);  // so that the scale of each row is 1
  given.x = given.x.mul(20).round_().clamp_(-60, 60);
  given.x.select(1, 0).fill_(-60);
  given.x.select(1, 1).fill_(67);
  const at::Tensor powers = at::zeros({300, 1}).fill_(0.25F);
  for (const at::Tensor& x : {given.x, given.x.mul(powers), given.x.add(60), given.x.sub(67)})
    CHECK(relative(given.run(x), at::linear(x, given.weight, given.bias)) < 1e-6);
}

TEST_CASE("a row's result is bitwise the same whatever rows are beside it and however many threads run") {
  const fixture given;
  const at::Tensor all = given.run(given.x);
  for (std::int64_t row = 0; row < given.x.size(0); ++row)
    CHECK(given.run(given.x.narrow(0, row, 1)).equal(all.narrow(0, row, 1)));
  const intra_op_threads three(3);
  CHECK(given.run(given.x).equal(all));
}

TEST_CASE("an outlier in one row costs the others nothing") {
  const fixture given;
  const at::Tensor all = given.run(given.x);
  const at::Tensor wild = given.x.clone();
  wild[3][5] = 1e6F;
  CHECK(given.run(wild).narrow(0, 4, 90).equal(all.narrow(0, 4, 90)));
}

TEST_CASE("a row with a NaN or an infinity makes a row of NaN, and no other") {
  const fixture given;
  const at::Tensor all = given.run(given.x);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    for (const std::int64_t column : {0, 37, 103}) {
      const at::Tensor x = given.x.clone();
      x[50][column] = bad;
      const at::Tensor y = given.run(x);
      CHECK(y[50].isnan().all().item<bool>());
      CHECK(y.narrow(0, 0, 50).equal(all.narrow(0, 0, 50)));
      CHECK(y.narrow(0, 51, 49).equal(all.narrow(0, 51, 49)));
    }
  }
}

TEST_CASE("rows of one value, and weights of nothing, are no trouble") {
  fixture given;
  for (const float value : {0.0F, 3.0F, -2.0F}) {
    const at::Tensor x = at::zeros({2, 104}).fill_(value);
    CHECK(given.run(x).sub(at::linear(x, given.weight, given.bias)).abs().max().item<float>() < 0.2F);
  }
  given.weight.zero_();
  CHECK(given.run(given.x).sub(given.bias).abs().max().item<float>() == 0);
}

TEST_CASE("eight bits with VNNI, seven without, because two products must not overflow 16 bits") {
  fixture given;
  const int8_linear eight = *int8_linear::find({.vnni = true});
  CHECK(given.kernels.levels() == 127);
  CHECK(eight.levels() == 255);
  // Every other weight is 0, so that no two products are added that could overflow, whatever this CPU has.
  for (std::int64_t column = 0; column < given.weight.size(1); column += 2)
    given.weight.select(1, column).zero_();
  const at::Tensor exact = at::linear(given.x, given.weight, given.bias);
  CHECK(relative(given.run(given.x, eight), exact) < 0.8 * relative(given.run(given.x), exact));
}

#endif
