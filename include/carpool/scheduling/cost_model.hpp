// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>

namespace carpool::scheduling {

/// Learns how long a batch takes, `(fixed + per_work * x) * (1 + interference * (c - 1))` milliseconds for
/// work x with c batches running at a time, by decayed least squares over the batches that have ended.
/// Affine in the work because a model run is a launch plus its work; linear in the others because lanes on
/// one device share it, and lanes that do not share anything have an interference of 0. Batches are spread
/// evenly over the devices, so that of c batches c / devices count. Plain data.
struct cost_model {
  using row = std::array<double, 3>;

  std::size_t devices = 1;  ///< that the lanes are on

  std::size_t batches = 0;
  double fixed = 0;                ///< per batch, ms
  double per_work = 0;             ///< per unit of work, ms
  double interference = 0;         ///< slowdown by each other running batch
  double least_interference = -1;  ///< a lower confidence bound of it
  double noise = 0.05;             ///< mean relative error of a prediction
  double bias = 0;                 ///< recent signed relative error
  double mean_concurrency = 1;     ///< of batches on one device
  std::array<row, 3> moments{};    ///< of (1, x, fitted time * (c - 1))
  row targets{};                   ///< the same with the measured time

  /// The three batches that give a first idea.
  [[nodiscard]] bool ready() const noexcept { return batches >= 3; }

  /// The fit is off to one side and not just noisy: the machine or the model has changed.
  [[nodiscard]] bool moved() const noexcept { return batches > 50 && std::abs(bias) > 0.12; }

  /// Of the batches of late.
  [[nodiscard]] double mean_work() const noexcept { return batches > 0 ? moments[0][1] / moments[0][0] : 0; }

  [[nodiscard]] double slowdown(double concurrency) const noexcept {
    return 1 + interference * (on_one_device(concurrency) - 1);
  }

  /// Milliseconds, at least a nanosecond: no clock is finer, and who divides by it need not ask.
  [[nodiscard]] double time(double work, double concurrency = 1) const noexcept {
    return std::max(shortest, (fixed + per_work * work) * slowdown(concurrency));
  }

  /// What hardly any batch falls short of.
  [[nodiscard]] double least_time(double work, double concurrency = 1) const noexcept {
    return time(work, concurrency) * (1 - 2 * noise);
  }

  /// Relative standard deviation of a batch's end; 1.25 mean absolute errors of a normal distribution.
  [[nodiscard]] double spread() const noexcept { return std::max(0.005, 1.25 * noise); }

  /// A batch of this work took `measured` milliseconds with `concurrency` running on average, itself
  /// included.
  void add(double work, double measured, double concurrency) noexcept {
    if (!std::isfinite(work) || !std::isfinite(measured) || !std::isfinite(concurrency)) return;
    const double x = std::clamp(work, 1e-9, 1e12);
    const double beside = on_one_device(concurrency);
    ++batches;
    const double took = batches > 20 ? judge(x, measured, concurrency) : measured;
    if (batches <= 3) {
      fixed = batches == 1 ? took : std::min(fixed, took);
      per_work = 0;
    }
    const double fitted = std::max(fixed + per_work * x, shortest);
    remember({1, x, fitted * (beside - 1)}, took);
    if (batches >= 3 && fit(fitted)) bound_interference(beside);
  }

 private:
  static constexpr double shortest = 1e-6;

  [[nodiscard]] double on_one_device(double concurrency) const noexcept {
    return devices == 1 ? concurrency : std::max(1.0, concurrency / static_cast<double>(devices));
  }

  /// How wrong the fit was, before it learns from this batch; the time to learn. A stall is not the model, so
  /// a time far out counts as one at the edge, unless there are so many that the model has changed.
  double judge(double x, double measured, double concurrency) noexcept {
    const double expected = time(x, concurrency);
    const double error = measured / expected - 1;
    noise += 0.03 * (std::min(std::abs(error), 0.5) - noise);
    bias += 0.1 * (std::clamp(error, -0.5, 0.5) - bias);
    const double edge = 0.1 + 6 * noise;
    return error > edge && !moved() ? expected * (1 + edge) : measured;
  }

  /// Change detection: a fit that has moved forgets fast until it is good again.
  void remember(const row& features, double took) noexcept {
    const double keep = moved() ? 0.9 : 0.998;
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) moments[i][j] = keep * moments[i][j] + features[i] * features[j];
      targets[i] = keep * targets[i] + features[i] * took;
    }
  }

  /// Least squares with a weak pull to the present fit, so that batches of one size, which cannot tell the
  /// launch from the work, do not send them astray. False: there is nothing to tell yet.
  bool fit(double fitted) noexcept {
    const row& q0 = moments[0];
    const row& q1 = moments[1];
    const double mean = mean_work();
    const double prior = batches < 50 ? 0.02 * fitted / std::max(1.0, mean) : per_work;
    const row pull{0, mean * mean / 2, 3 * fitted * fitted};
    const auto found =
        solve({targets[0], targets[1] + pull[1] * prior, targets[2] + pull[2] * interference}, pull);
    if (!found) return false;
    auto [a, b, g] = *found;
    interference = g = std::clamp(g, 0.0, 1.5);
    if (b < 0) {
      b = 0;
      a = (targets[0] - g * q0[2]) / q0[0];
    }
    if (a < 0) {
      a = 0;
      b = (targets[1] - g * q1[2]) / q1[1];
    }
    fixed = std::max(a, 0.0);
    per_work = std::max(b, 0.0);
    return true;
  }

  /// (moments + diag(pull)) * result = right, by elimination: symmetric and positive definite, so it needs no
  /// pivoting.
  [[nodiscard]] std::optional<row> solve(row right, const row& pull) const noexcept {
    auto m = moments;
    for (std::size_t i = 0; i < 3; ++i) m[i][i] += pull[i];
    const row scale{m[0][0], m[1][1], m[2][2]};
    for (std::size_t i = 0; i < 3; ++i) {
      if (!(m[i][i] > 1e-12 * scale[i])) return std::nullopt;
      for (std::size_t k = i + 1; k < 3; ++k) {
        const double factor = m[k][i] / m[i][i];
        for (std::size_t j = i; j < 3; ++j) m[k][j] -= factor * m[i][j];
        right[k] -= factor * right[i];
      }
    }
    const double g = right[2] / m[2][2];
    const double b = (right[1] - m[1][2] * g) / m[1][1];
    return row{(right[0] - m[0][1] * b - m[0][2] * g) / m[0][0], b, g};
  }

  /// 2.5 standard errors below the interference, from what the other two columns leave of the third.
  void bound_interference(double concurrency) noexcept {
    const auto& [q0, q1, q2] = moments;
    const double d = q0[0] * q1[1] - q0[1] * q0[1];
    const double explained =
        d > 1e-9 * q0[0] * q1[1]
            ? (q0[2] * (q1[1] * q0[2] - q0[1] * q1[2]) + q1[2] * (q0[0] * q1[2] - q0[1] * q0[2])) / d
            : q0[2] * q0[2] / q0[0];
    const double information = q2[2] - explained;
    const double mean_time =
        (fixed + per_work * mean_work()) * (1 + interference * (std::max(1.0, mean_concurrency) - 1));
    least_interference =
        information > 0 ? interference - 2.5 * noise * mean_time / std::sqrt(information) : -1;
    mean_concurrency += std::max(0.003, 1 / static_cast<double>(batches)) * (concurrency - mean_concurrency);
  }
};

}  // namespace carpool::scheduling
