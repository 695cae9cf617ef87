// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How far apart two computations of the same numbers may be, from what rounding does and nothing else.
// `unit_roundoff` u is the largest relative error of one rounding; the sums themselves are taken in fp32.
#pragma once

#include <carpool/bert/config.hpp>

#include <c10/core/ScalarType.h>

#include <cmath>
#include <cstdint>

namespace carpool::test {

/// Of numbers kept as this type: 2^-(p), with p bits of precision, the hidden one included.
inline double unit_roundoff(at::ScalarType type) {
  return std::ldexp(1.0, type == at::kBFloat16 ? -8 : type == at::kHalf ? -11 : -24);
}

/// A bound for one step, such as a norm: numbers no larger than `size` are rounded to `type` `roundings`
/// times on both sides together, and `terms` of them are added one after the other in fp32, each addition
/// off by u at most (Higham, Accuracy and Stability of Numerical Algorithms, 3.1, to first order).
inline double rounding_tolerance(at::ScalarType type, double size, int roundings, std::int64_t terms) {
  return size * (roundings * unit_roundoff(type) + static_cast<double>(terms) * unit_roundoff(at::kFloat));
}

/// For the numbers of an embedding of length 1, which `config`'s encoder computes in `type`, against exact
/// ones. A bound through all layers would be useless, so errors count as independent, and their variances
/// add up. A layer rounds its rows eight times, and its weights, in four products, once each; that is 12 u².
/// Its products add up to n terms in fp32, n u² for the fp32 u each. The numbers are 1/sqrt(dimension) in the
/// mean, and six standard deviations leave one in 500 million outside.
inline double embedding_tolerance(at::ScalarType type, const bert::model_config& config) {
  const double u = unit_roundoff(type), u_of_sums = unit_roundoff(at::kFloat);
  const auto terms = static_cast<double>(3 * config.hidden_size + config.intermediate_size);
  const double variance = static_cast<double>(config.layers) * (12 * u * u + terms * u_of_sums * u_of_sums);
  return 6 * std::sqrt(variance / static_cast<double>(config.hidden_size));
}

}  // namespace carpool::test
