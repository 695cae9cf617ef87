// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/bert/graph_buckets.hpp>
#include <carpool/bert/packed_batch.hpp>
#include <carpool/bert/tokens.hpp>

#include <support/doctest.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

using namespace carpool::bert;

namespace {

packed_batch batch_of(const std::vector<std::size_t>& lengths) {
  packed_batch batch;
  for (const std::size_t length : lengths) {
    std::vector<std::int32_t> ids(length);
    std::iota(ids.begin(), ids.end(), 100);
    batch.append(tokens{ids});
  }
  batch.close();
  return batch;
}

graph_bucket bucket_of(const std::vector<std::size_t>& lengths) {
  const auto found = find_bucket(std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}),
                                 *std::max_element(lengths.begin(), lengths.end()), lengths.size());
  return graph_buckets[found.value()];
}

}  // namespace

TEST_CASE("buckets come by tokens, then by the longest text, and each can be filled with padding alone") {
  CHECK(std::is_sorted(graph_buckets.begin(), graph_buckets.end(), [](const auto& a, const auto& b) {
    return a.tokens < b.tokens || (a.tokens == b.tokens && a.longest < b.longest);
  }));
  for (const auto& each : graph_buckets) CHECK(fillers(each, 0) <= each.texts);
}

TEST_CASE("a batch gets the smallest bucket that holds its tokens, its longest text and its texts") {
  CHECK(bucket_of({5}) == graph_bucket{64, 64, 8});
  CHECK(bucket_of({64}) == graph_bucket{64, 64, 8});
  CHECK(bucket_of({65}) == graph_bucket{128, 128, 16});
  CHECK(bucket_of({200}) == graph_bucket{256, 256, 32});
  CHECK(bucket_of({300}) == graph_bucket{512, 512, 64});
  CHECK(bucket_of({100, 100, 100}) == graph_bucket{512, 128, 64});
  CHECK(bucket_of(std::vector<std::size_t>(8, 3)) ==
        graph_bucket{128, 128, 16});  // no text left to fill 64 with
  CHECK(bucket_of(std::vector<std::size_t>(8, 8)) == graph_bucket{64, 64, 8});  // nothing to fill
}

TEST_CASE("what is larger than all buckets has none") {
  CHECK(!find_bucket(4097, 100, 50));
  CHECK(!find_bucket(513, 513, 1));
  CHECK(!find_bucket(600, 2, 600));
  CHECK(find_bucket(4096, 512, 512));
}

TEST_CASE("a batch in a bucket keeps its texts, and every other row belongs to a text of padding") {
  const auto batch = batch_of({5, 70, 3});
  const graph_bucket bucket = bucket_of({5, 70, 3});
  REQUIRE(bucket == graph_bucket{128, 128, 16});
  std::vector<std::int32_t> block(bucket.numbers(), -1);
  lay_out(batch, bucket, block);
  CHECK(std::equal(batch.ids().begin(), batch.ids().begin() + 78, block.begin()));
  CHECK(std::equal(batch.places().begin(), batch.places().begin() + 78, block.begin() + 128));
  CHECK(std::all_of(block.begin() + 78, block.begin() + 128, [](auto id) { return id == 0; }));
  CHECK(std::all_of(block.begin() + 128 + 78, block.begin() + 256, [](auto place) { return place == 0; }));
  std::vector<std::int32_t> offsets{0, 5, 75, 78};
  offsets.resize(17, 128);
  CHECK(std::equal(offsets.begin(), offsets.end(), block.begin() + 256));
}

TEST_CASE("texts of padding are never longer than the bucket's texts") {
  const graph_bucket bucket{256, 64, 32};
  std::vector<std::int32_t> block(bucket.numbers());
  lay_out(batch_of({10}), bucket, block);
  const std::vector<std::int32_t> first{block.end() - 33, block.end() - 27};
  CHECK(first == std::vector<std::int32_t>{0, 10, 74, 138, 202, 256});
  CHECK(block.back() == 256);
}

TEST_CASE("without a bucket the block is the batch as it is") {
  const auto batch = batch_of({5, 70});
  std::vector<std::int32_t> block(2 * batch.rows() + 3);
  lay_out(batch, block);
  CHECK(std::equal(batch.ids().begin(), batch.ids().end(), block.begin()));
  CHECK(block.back() == 75);
}
