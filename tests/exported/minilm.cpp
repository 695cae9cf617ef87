// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The real all-MiniLM-L6-v2, exported by examples/export_encoder.py, against carpool's own encoder on the
// same weights.
#include "exported/exported.hpp"
#include "support/doctest.hpp"
#include "support/golden_embeddings.hpp"
#include "support/temporary_folder.hpp"
#include <carpool/bert/bert.hpp>
#include <carpool/bert/program_file.hpp>
#include <carpool/carpool.hpp>

#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <random>
#include <string>
#include <vector>

using namespace carpool::bert;
using boost::asio::use_future;
using carpool::test::difference;
using carpool::test::exported;
using carpool::test::golden_texts;
using carpool::test::is_there;

namespace {

constexpr double tolerance = 1e-5;

const std::filesystem::path model_folder = CARPOOL_TEST_MINILM;

embedder load(const std::string& program) {
  model_options options{.device = "cpu", .threads = 1};
  if (!program.empty()) options.program = program_file{exported / program};
  return embedder{model_folder, options};
}

/// One batch through the functor set, as a batcher would do it.
std::vector<embedding> run(lane& functors, const std::vector<std::string>& texts) {
  std::vector<embedding> result;
  for (auto& item : functors.split(functors.model(functors.collate(texts)), texts.size()))
    result.push_back(item.value());
  REQUIRE(result.size() == texts.size());
  return result;
}

std::vector<embedding> run_alone(lane& functors, const std::vector<std::string>& texts) {
  std::vector<embedding> result;
  for (const std::string& text : texts) result.push_back(run(functors, {text})[0]);
  return result;
}

/// The texts one by one, in random batches of seven, and some more of them in a large batch: each embedding
/// must be that of the native encoder.
void check(const std::string& program) {
  if (!is_there(program)) return;
  const embedder native = load(""), tested = load(program);
  lane native_lane = native(0), functors = tested(0);
  std::vector<std::string> texts = golden_texts();
  std::shuffle(texts.begin(), texts.end(), std::mt19937(1));
  const std::vector<embedding> expected = run_alone(native_lane, texts);
  const auto check_from = [&](std::size_t begin, const std::vector<embedding>& found) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO(texts[begin + i]);
      CHECK(difference(found[i], expected[begin + i]) < tolerance);
    }
  };
  const auto batch = [&](std::size_t begin, std::size_t size) {
    const auto first = texts.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = texts.begin() + static_cast<std::ptrdiff_t>(std::min(texts.size(), begin + size));
    return run(functors, {first, last});
  };
  check_from(0, run_alone(functors, texts));
  for (std::size_t begin = 0; begin < texts.size(); begin += 7) check_from(begin, batch(begin, 7));
  check_from(20, batch(20, 32));
}

void check_lanes(const std::string& program) {
  if (!is_there(program)) return;
  const embedder model = load(program);
  lane native_lane = load("")(0);
  const std::vector<std::string> texts{"share the ride", "no", "Four people share one car."};
  const std::vector<embedding> expected = run_alone(native_lane, texts);
  carpool::options options = model.batching();
  options.lanes = 3;
  options.max_batch_size = 4;
  carpool::DynamicBatcher<tokens, embedding> batcher{options, model};
  std::vector<std::future<embedding>> answers;
  for (std::size_t i = 0; i < 60; ++i)
    answers.push_back(batcher.async_submit(model.tokenize(texts[i % 3]), use_future));
  for (std::size_t i = 0; i < answers.size(); ++i)
    CHECK(difference(answers[i].get(), expected[i % 3]) < tolerance);
}

/// What is said of the package after `change` was put in the place of `original` in it.
std::string refusal_of_changed(const std::string& original, const std::string& change) {
  REQUIRE(original.size() == change.size());
  std::ifstream file(exported / "minilm.pt2", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::size_t places = 0;
  for (auto at = bytes.find(original); at != bytes.npos; at = bytes.find(original, at), ++places)
    bytes.replace(at, original.size(), change);
  REQUIRE(places > 0);
  const carpool::test::temporary_folder folder;
  const auto changed = folder.write("changed.pt2", bytes);
  try {
    program_file{changed}(c10::kCPU);
  } catch (const load_error& refused) {
    const std::string said = refused.what();
    CHECK(said.starts_with(changed.string()));
    return said.substr(changed.string().size());
  }
  return "";
}

}  // namespace

TEST_CASE("AOTInductor: real texts get the native encoder's embeddings to 1e-5, alone and in any batch") {
  check("minilm.pt2");
}

TEST_CASE("TorchScript: real texts get the native encoder's embeddings to 1e-5, alone and in any batch") {
  check("minilm.pt");
}

TEST_CASE("AOTInductor: several lanes run one program at once") { check_lanes("minilm.pt2"); }

TEST_CASE("TorchScript: several lanes run one program at once") { check_lanes("minilm.pt"); }

TEST_CASE("a package for another torch, device or CPU is refused with a sentence, before it is run") {
  if (!is_there("minilm.pt2")) return;
  const std::string here = libtorch_version();
  const std::string other = (here[0] == '1' ? "2" : "1") + here.substr(1);
  CHECK(refusal_of_changed(R"("torch": ")" + here, R"("torch": ")" + other) ==
        " was exported by torch " + other + ", but this is libtorch " + here + "; export it again");
  CHECK(refusal_of_changed(R"("AOTI_DEVICE_KEY": "cpu")", R"("AOTI_DEVICE_KEY": "xpu")") ==
        " was exported for the device xpu, but the device asked for is cpu");
}

TEST_CASE("a package for shorter texts than the folder allows is refused when the model is loaded") {
  if (!is_there("minilm.pt2")) return;
  const carpool::test::temporary_folder folder;
  for (const char* name : {"config.json", "vocab.txt"})
    std::filesystem::copy_file(model_folder / name, folder.path() / name);
  std::ifstream file{folder.path() / "config.json"};
  std::string config{std::istreambuf_iterator<char>(file), {}};
  const std::string positions = R"("max_position_embeddings": 512)";
  config.replace(config.find(positions), positions.size(), R"("max_position_embeddings": 513)");
  folder.write("config.json", config);
  const std::filesystem::path package = exported / "minilm.pt2";
  CHECK_THROWS_WITH_AS(embedder(folder.path(), {.device = "cpu", .program = program_file{package}}),
                       (package.string() + ": the program failed when it was tried out with a text of 513 "
                                           "tokens: it was exported for texts of up to 512 tokens")
                           .c_str(),
                       load_error);
}
