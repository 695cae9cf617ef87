// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_bert.hpp"
#include <carpool/bert/bert.hpp>
#include <carpool/bert/program_file.hpp>
#include <carpool/carpool.hpp>

#include <boost/asio/use_future.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <future>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace carpool::bert;
using namespace carpool::test;
using boost::asio::use_future;

namespace {

/// A model folder without weights, and TorchScript modules beside it.
class bench {
 public:
  bench() {
    const tiny_bert model;
    model.write(folder_);
    std::filesystem::remove(folder_.path() / "model.safetensors");
  }

  std::filesystem::path write(const std::string& name, const std::string& content) const {
    return folder_.write(name, content);
  }

  /// A module whose forward has this body.
  std::filesystem::path save(const std::string& name, const std::string& body,
                             const std::string& arguments = "ids, mask") const {
    torch::jit::Module module{"made"};
    module.define("def forward(self, " + arguments + "):\n    " + body + "\n");
    const std::filesystem::path file = folder_.path() / name;
    module.save(file.string());
    return file;
  }

  embedder load(const program_file& file, model_options options = {.device = "cpu", .threads = 1}) const {
    options.program = file;
    return embedder{folder_.path(), options};
  }

  /// What is said when it cannot be loaded.
  std::string refusal(const program_file& file) const {
    try {
      load(file);
    } catch (const load_error& refused) {
      return refused.what();
    }
    return "";
  }

 private:
  temporary_folder folder_;
};

// The sum of a text's ids, in each of the 24 dimensions.
const std::string sum_of_ids = "return (ids * mask).sum(1).float().unsqueeze(1).repeat(1, 24)";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a TorchScript module serves in place of the encoder, with the folder's tokeniser and no weights") {
  const bench here;
  const embedder model = here.load({here.save("sum.pt", sum_of_ids)});
  CHECK(model.dimension() == 24);
  CHECK(contains(model.device_description(), "sum.pt"));
  carpool::options options = model.batching();
  options.lanes = 2;
  carpool::DynamicBatcher<std::string, embedding> batcher{options, model};
  const std::vector<std::string> texts{"share the ride", "pool", "car pools to work every day."};
  std::vector<std::future<embedding>> answers;
  for (int i = 0; i < 60; ++i)
    answers.push_back(batcher.async_submit(texts[static_cast<std::size_t>(i) % 3], use_future));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    float sum = 0;
    for (const std::int32_t id : model.tokenize(texts[i % 3]).ids) sum += static_cast<float>(id);
    CHECK(answers[i].get() == embedding(24, sum));
  }
}

TEST_CASE("with a program a batch costs its texts times the longest, because they are padded") {
  const bench here;
  const embedder model = here.load({here.save("sum.pt", sum_of_ids)});
  CHECK((model.batching().batch_work == &carpool::padded_work));
  CHECK(model.work(model.tokenize("share the ride")) == 5);
}

TEST_CASE("a file that is no program is refused with a sentence that names it and the cause") {
  const bench here;
  const auto starts = [&](const std::filesystem::path& file, const std::string& rest) {
    const std::string said = here.refusal({file});
    INFO(said);
    CHECK(said.starts_with(file.string() + rest));
    CHECK_FALSE(contains(said, "\n"));
    CHECK(said.size() < 600);
  };
  starts("/nowhere/model.pt2", ": No such file");
  starts("/tmp", " is not a regular file");
  starts(here.write("model.onnx", "?"), " must be named .pt2 (an AOTInductor package) or .pt");
  starts(here.write("text.pt2", "no archive"),
         " cannot be loaded as an AOTInductor package on cpu by libtorch");
  starts(here.write("text.pt", "no archive"), " cannot be loaded as a TorchScript module on cpu by libtorch");
  starts(here.write("empty.pt2", ""), " cannot be loaded as an AOTInductor package");
  starts(here.write("empty.pt", ""), " cannot be loaded as a TorchScript module");
  const auto script = here.save("script.pt", sum_of_ids);
  std::filesystem::copy_file(script, script.parent_path() / "script.pt2");
  starts(script.parent_path() / "script.pt2", " cannot be loaded as an AOTInductor package");
}

TEST_CASE("a program that does not fit the folder's model is refused when it is loaded") {
  const bench here;
  const auto refusal = [&](const std::string& body, const std::string& arguments = "ids, mask") {
    const std::string said = here.refusal({here.save("wrong.pt", body, arguments)});
    INFO(said);
    CHECK(contains(said, "wrong.pt: the program "));
    CHECK_FALSE(contains(said, "\n"));
    return said;
  };
  CHECK(contains(refusal("return (ids * mask).float()"), "returned Float[1, 2] on cpu"));
  CHECK(contains(refusal("return ids.float(), mask.float()"), "must return one tensor"));
  CHECK(contains(refusal("return ids.float().matmul(ids.float())"), "cannot be multiplied"));
  CHECK(contains(refusal("return ids.float()", "ids"), "Expected at most 2 argument(s)"));
  const std::string fault = refusal("return (ids + mask[:, :17]).sum(1).float().unsqueeze(1).repeat(1, 24)");
  CHECK(contains(fault, "failed when it was tried out with a text of 18 tokens: RuntimeError: "));
  CHECK(contains(fault, "The size of tensor a (18)"));
  CHECK(contains(refusal("return (ids + 1).sum(1).float().unsqueeze(1).repeat(1, 24)"), "the mask"));
}

TEST_CASE("a library with operators is loaded first, and what the linker says is told") {
  const bench here;
  const auto program = here.save("sum.pt", sum_of_ids);
  CHECK(here.refusal({.path = program, .load_library = "libm.so.6"}).empty());
  const std::string said = here.refusal({.path = program, .load_library = "/nowhere/libtorchtrt_runtime.so"});
  CHECK(said.starts_with("/nowhere/libtorchtrt_runtime.so cannot be loaded as a shared library: "));
  CHECK(contains(said, "No such file"));
  const auto text = here.write("library.so", "no library");
  CHECK(contains(here.refusal({.path = program, .load_library = text}), "file too short"));
}

TEST_CASE("a program computes as it was exported: asking for a precision is refused") {
  const bench here;
  const program_file file{here.save("sum.pt", sum_of_ids)};
  CHECK_THROWS_WITH_AS(here.load(file, {.device = "cpu", .precision = precision::fp32}),
                       doctest::Contains("model_options::precision"), std::invalid_argument);
}

TEST_CASE("a package tells how many tokens of a text it takes, if its exporter has said so") {
  CHECK(most_tokens_of({{"max_tokens", "512"}}) == 512);
  CHECK(most_tokens_of({}) == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("a package for another torch, device or CPU is told so from its metadata, before it can crash") {
  const auto misfit = [](const package_metadata& package) {
    return misfit_of(package, c10::kCPU, "2.11.0", "AVX2");
  };
  const package_metadata fits{{"torch", "2.11.0"}, {"AOTI_DEVICE_KEY", "cpu"}, {"AOTI_CPU_ISA", "AVX2"}};
  CHECK(misfit(fits).empty());
  CHECK(misfit({}).empty());  // from an exporter that says nothing
  CHECK(misfit({{"torch", "2.10.0"}}) ==
        "was exported by torch 2.10.0, but this is libtorch 2.11.0; export it again");
  CHECK(misfit({{"AOTI_DEVICE_KEY", "cuda"}}) ==
        "was exported for the device cuda, but the device asked for is cpu");
  CHECK(misfit({{"AOTI_CPU_ISA", "AVX512"}}) ==
        "was exported for a CPU with AVX-512, which this one does not have; export it here");
  CHECK(misfit_of({{"AOTI_CPU_ISA", "AVX512"}}, c10::kCPU, "2.11.0", "AVX512").empty());
  CHECK(misfit_of({{"AOTI_DEVICE_KEY", "cpu"}}, c10::Device(c10::kCUDA, 1), "2.11.0", "AVX2") ==
        "was exported for the device cpu, but the device asked for is cuda:1");
}
