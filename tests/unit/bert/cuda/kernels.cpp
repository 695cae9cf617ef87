// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The device code of our CUDA kernels, run on the host.

#include <support/cuda_emulator.hpp>
#include <support/doctest.hpp>

#include <cmath>
#include <random>
#include <vector>

using namespace carpool::bert::device;

namespace {

template <class T>
std::vector<T> random(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<T> values(count);
  for (T& each : values) assign(each, normal(engine));
  return values;
}

/// norm(a + b), in double.
template <class T>
std::vector<double> plain_norm(const T* a, const T* b, const std::vector<T>& scale,
                               const std::vector<T>& shift, double eps) {
  const std::size_t hidden = scale.size();
  std::vector<double> sum(hidden);
  double mean = 0;
  double variance = 0;
  for (std::size_t i = 0; i < hidden; ++i) mean += sum[i] = double{to_float(a[i])} + double{to_float(b[i])};
  mean /= static_cast<double>(hidden);
  for (const double x : sum) variance += (x - mean) * (x - mean) / static_cast<double>(hidden);
  for (std::size_t i = 0; i < hidden; ++i)
    sum[i] =
        (sum[i] - mean) / std::sqrt(variance + eps) * double{to_float(scale[i])} + double{to_float(shift[i])};
  return sum;
}

/// What rounding to T may cost a number of this size.
template <class T>
double rounding(double value) {
  const double relative = sizeof(T) == 4 ? 1e-5 : std::is_same_v<T, __half> ? 1e-3 : 8e-3;
  return relative * std::max(1.0, std::abs(value));
}

template <class T>
void check_row(const T* got, const std::vector<double>& wanted) {
  for (std::size_t i = 0; i < wanted.size(); ++i)
    REQUIRE(std::abs(double{to_float(got[i])} - wanted[i]) <= rounding<T>(wanted[i]));
}

template <class Kept, int V, class T>
void check_residual_norm(int hidden) {
  const long long rows = 5;  // two blocks, the second not full
  const auto x = random<T>(static_cast<std::size_t>(rows * hidden), 1);
  const auto residual = random<T>(static_cast<std::size_t>(rows * hidden), 2);
  const auto scale = random<T>(static_cast<std::size_t>(hidden), 3);
  const auto shift = random<T>(static_cast<std::size_t>(hidden), 4);
  std::vector<T> in_place = x;
  launch(&residual_norm<Kept, V, T>, 2, {32, 3}, in_place.data(), residual.data(), scale.data(), shift.data(),
         1e-12F, in_place.data(), rows, hidden);
  for (long long row = 0; row < rows; ++row)
    check_row(in_place.data() + row * hidden,
              plain_norm(x.data() + row * hidden, residual.data() + row * hidden, scale, shift, 1e-12));
}

template <int V, class T>
std::vector<float> pooled(const std::vector<T>& x, const std::vector<int>& offsets, bool first_only,
                          bool normalize, int hidden) {
  const int texts = static_cast<int>(offsets.size()) - 1;
  std::vector<float> out(static_cast<std::size_t>(texts * hidden), 99.0F);
  launch(&pool<V, T>, texts, {32, 4}, x.data(), offsets.data(), first_only, normalize, out.data(), hidden);
  return out;
}

/// softmax(q·kᵀ / sqrt(size))·v of each text and head, in double. qkv [rows, 3, heads, size]
template <class T>
std::vector<double> plain_attention(const std::vector<T>& qkv, const std::vector<int>& offsets, int heads,
                                    int size) {
  const auto at = [&](int row, int which, int head, int i) {
    return double{to_float(qkv[static_cast<std::size_t>(((row * 3 + which) * heads + head) * size + i)])};
  };
  std::vector<double> out(static_cast<std::size_t>(offsets.back() * heads * size));
  for (std::size_t text = 0; text + 1 < offsets.size(); ++text)
    for (int head = 0; head < heads; ++head)
      for (int q = offsets[text]; q < offsets[text + 1]; ++q) {
        double total = 0;
        std::vector<double> sum(static_cast<std::size_t>(size));
        for (int k = offsets[text]; k < offsets[text + 1]; ++k) {
          double score = 0;
          for (int i = 0; i < size; ++i) score += at(q, 0, head, i) * at(k, 1, head, i);
          const double weight = std::exp(score / std::sqrt(size));
          total += weight;
          for (int i = 0; i < size; ++i) sum[static_cast<std::size_t>(i)] += weight * at(k, 2, head, i);
        }
        for (int i = 0; i < size; ++i)
          out[static_cast<std::size_t>((q * heads + head) * size + i)] =
              sum[static_cast<std::size_t>(i)] / total;
      }
  return out;
}

template <int D, class T>
std::vector<T> attended(const std::vector<T>& qkv, const std::vector<int>& offsets, int heads) {
  const int texts = static_cast<int>(offsets.size()) - 1;
  std::vector<T> out(qkv.size() / 3);
  const float scale = std::log2(std::exp(1.0F)) / std::sqrt(static_cast<float>(D));
  launch(&attention<D, T>, offsets.back() / 32 + texts, {32, 4}, qkv.data(), offsets.data(), texts, heads,
         scale, out.data());
  return out;
}

template <int D, class T>
void check_attention(const std::vector<int>& offsets) {
  const int heads = 2;
  const auto qkv = random<T>(static_cast<std::size_t>(offsets.back() * 3 * heads * D), 9);
  const auto got = attended<D>(qkv, offsets, heads);
  check_row(got.data(), plain_attention(qkv, offsets, heads, D));
}

}  // namespace

TEST_CASE(
    "the kernel of residual and norm, in each type, width of a pack and place for a row, and in place") {
  check_residual_norm<kept_in_registers<4, 4>, 4, float>(384);
  check_residual_norm<kept_in_registers<1, 2>, 1, float>(30);
  check_residual_norm<kept_in_registers<4, 3>, 4, __half>(384);
  check_residual_norm<kept_in_registers<8, 4>, 8, __nv_bfloat16>(64);
  check_residual_norm<kept_in_shared_memory<4>, 4, float>(384);
  check_residual_norm<kept_in_shared_memory<1>, 1, __half>(33);
  check_residual_norm<kept_in_shared_memory<8>, 8, __nv_bfloat16>(1024);
}

TEST_CASE("the kernel of embeddings and norm takes the rows that ids and places name") {
  const int hidden = 64;
  const auto words = random<float>(10 * hidden, 1);
  const auto positions = random<float>(4 * hidden, 2);
  const auto scale = random<float>(hidden, 3);
  const auto shift = random<float>(hidden, 4);
  const std::vector<int> ids{9, 0, 3};
  const std::vector<int> places{0, 3, 1};
  std::vector<float> out(3 * hidden);
  launch(&embedding_norm<kept_in_registers<4, 1>, 4, float>, 1, {32, 4}, words.data(), ids.data(),
         positions.data(), places.data(), scale.data(), shift.data(), 1e-12F, out.data(), 3LL, hidden);
  for (int row = 0; row < 3; ++row)
    check_row(
        out.data() + row * hidden,
        plain_norm(words.data() + ids[static_cast<std::size_t>(row)] * hidden,
                   positions.data() + places[static_cast<std::size_t>(row)] * hidden, scale, shift, 1e-12));
}

TEST_CASE("the kernel of pooling averages each text, takes its first row, and scales to length 1") {
  const int hidden = 40;
  const auto x = random<float>(12 * hidden, 7);
  const std::vector<int> offsets{0, 1, 1, 10, 12};  // one row, none, nine, two
  const auto mean = pooled<4>(x, offsets, false, false, hidden);
  const auto first = pooled<1>(x, offsets, true, false, hidden);
  const auto unit = pooled<4>(x, offsets, false, true, hidden);
  for (std::size_t text = 0; text + 1 < offsets.size(); ++text) {
    double square = 0;
    for (int i = 0; i < hidden; ++i) {
      const std::size_t at = text * hidden + static_cast<std::size_t>(i);
      double sum = 0;
      for (int row = offsets[text]; row < offsets[text + 1]; ++row)
        sum += double{x[static_cast<std::size_t>(row * hidden + i)]};
      const int length = offsets[text + 1] - offsets[text];
      CHECK(mean[at] == doctest::Approx(length > 0 ? sum / length : 0).epsilon(1e-5));
      CHECK(first[at] == (length > 0 ? x[static_cast<std::size_t>(offsets[text] * hidden + i)] : 0.0F));
      square += double{unit[at]} * double{unit[at]};
    }
    CHECK(square == doctest::Approx(text == 1 ? 0 : 1));
  }
}

TEST_CASE("pooling of half precision adds up in fp32") {
  std::vector<__half> ones(5000 * 8);
  for (__half& each : ones) assign(each, 1);
  for (const float each : pooled<8>(ones, {0, 5000}, false, false, 8)) CHECK(each == 1);
}

TEST_CASE("the pooled vector of a text is bitwise the same whatever its companions and its place") {
  const int hidden = 48;
  const auto text = random<float>(37 * hidden, 5);
  const auto others = random<float>(11 * hidden, 6);
  std::vector<float> both = others;
  both.insert(both.end(), text.begin(), text.end());
  const auto alone = pooled<4>(text, {0, 37}, false, true, hidden);
  const auto second = pooled<4>(both, {0, 11, 48}, false, true, hidden);
  CHECK(std::equal(alone.begin(), alone.end(), second.begin() + hidden));
}

TEST_CASE("the kernel of attention, in each type and width of a head, for texts of all lengths") {
  check_attention<32, __half>({0, 1, 18, 34, 66, 67, 67, 116, 116});  // two of them without tokens
  check_attention<64, __half>({0, 15, 48});
  check_attention<32, __nv_bfloat16>({0, 33});
  check_attention<64, __nv_bfloat16>({0, 16});
}

TEST_CASE("what attention gives a text is bitwise the same whatever its companions and its place") {
  const int heads = 2, row = 3 * heads * 32;
  const auto text = random<__half>(37 * row, 5);
  auto both = random<__half>(11 * row, 6);
  both.insert(both.end(), text.begin(), text.end());
  const auto alone = attended<32>(text, {0, 37}, heads);
  const auto second = attended<32>(both, {0, 11, 48}, heads);
  for (std::size_t i = 0; i < alone.size(); ++i)
    REQUIRE(to_float(alone[i]) == to_float(second[i + 11 * heads * 32]));
}

TEST_CASE("attention takes large scores, which overflow when nothing is taken off them") {
  const std::vector<__half> ones(20 * 3 * 32, __float2half(30));  // scores of 30 * 30 * 32 / sqrt(32)
  for (const __half each : attended<32>(ones, {0, 20}, 1)) CHECK(to_float(each) == 30);
}
