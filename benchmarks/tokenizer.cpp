// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] =
    R"(How fast is carpool's tokeniser against Hugging Face's, per core, on the same texts?

  bench_tokenizer [--python PYTHON] [--model FOLDER] [FILE...]

Hugging Face's is `tokenizers`, in Rust, called through its Python package. Before anything is timed, both
must give the same ids.

Texts are the paragraphs of the files given, else of the licences that Debian and Ubuntu ship, which is
plain if legal English. PYTHON needs the package `tokenizers`.
)";

#include "support/arguments.hpp"
#include "support/interleaved.hpp"
#include "support/line_process.hpp"
#include <carpool/bert/wordpiece.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace bert = carpool::bert;

/// Nanoseconds of CPU time per token.
double measure(bench::line_process& huggingface, const std::string& method) {
  double seconds = 0, tokens = 0;
  huggingface.ask(method) >> seconds >> tokens;
  return seconds / tokens * 1e9;
}

/// The paragraphs of a file, each as one line.
void append_paragraphs(const std::filesystem::path& path, std::vector<std::string>& texts) {
  std::ifstream file{path};
  std::string paragraph;
  for (std::string line; std::getline(file, line) || !paragraph.empty(); line.clear()) {
    line.erase(0, std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (!line.empty()) {
      paragraph += (paragraph.empty() ? "" : " ") + line;
      continue;
    }
    const bool is_text = paragraph.size() >= 40 && bert::find_invalid_utf8(paragraph) == paragraph.size();
    if (is_text) texts.push_back(paragraph);
    paragraph.clear();
  }
}

std::vector<std::string> texts_of(std::vector<std::string> files) {
  if (files.empty()) {
    for (const auto& entry : std::filesystem::directory_iterator{"/usr/share/common-licenses"}) {
      if (entry.is_regular_file() && !entry.is_symlink()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
  }
  std::vector<std::string> texts;
  for (const std::string& file : files) append_paragraphs(file, texts);
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  if (bytes == 0) throw std::runtime_error{"no text to tokenise: name a text file"};
  std::printf("%zu paragraphs, %zu bytes, of %s and %zu other files\n", texts.size(), bytes, files[0].c_str(),
              files.size() - 1);
  return texts;
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Nanoseconds of CPU time per token.
double measure(const bert::wordpiece& tokenizer, const std::vector<std::string>& texts) {
  std::size_t tokens = 0;
  const double start = cpu_seconds();
  for (const std::string& text : texts) tokens += tokenizer.encode(text).size();
  return (cpu_seconds() - start) / static_cast<double>(tokens) * 1e9;
}

void check(const bert::wordpiece& tokenizer, const std::vector<std::string>& texts,
           bench::line_process& huggingface) {
  std::uint64_t tokens = 0, hash = 0, other_tokens = 0, other_hash = 0;
  for (const std::string& text : texts) {
    const bert::tokens encoded = tokenizer.encode(text);
    tokens += encoded.size();
    for (const std::int32_t id : encoded.ids) hash = hash * 31 + static_cast<std::uint64_t>(id);
  }
  huggingface.ask("check") >> other_tokens >> other_hash;
  if (tokens != other_tokens || hash != other_hash)
    throw std::runtime_error{"the two tokenisers give different ids"};
  std::printf("%zu tokens, %.1f per paragraph with [CLS] and [SEP]; the ids are the same on both sides\n",
              static_cast<std::size_t>(tokens),
              static_cast<double>(tokens) / static_cast<double>(texts.size()));
}

/// Of the ways to call the other side, the one that is fastest here.
std::string fastest_method(bench::line_process& huggingface) {
  std::string best;
  double least = 1e300;
  for (const std::string method : {"encode", "encode_batch", "encode_batch_fast"}) {
    for (int round = 0; round < 3; ++round) {
      const double cost = measure(huggingface, method);
      if (cost < least) {
        least = cost;
        best = method;
      }
    }
  }
  return best;
}

struct settings {
  std::string python = "python3";
  std::string model = CARPOOL_MINILM;
  std::vector<std::string> files;

  settings(int argc, char** argv) {
    bench::arguments().option("--python", python).option("--model", model).words(files).read(argc, argv);
  }
};

/// Starts the other side, which has read the texts when it answers.
std::unique_ptr<bench::line_process> start_huggingface(const settings& given,
                                                       const std::vector<std::string>& texts) {
  const std::filesystem::path lines =
      std::filesystem::temp_directory_path() / ("bench_tokenizer." + std::to_string(::getpid()));
  std::ofstream file{lines};
  for (std::size_t i = 0; i < texts.size(); ++i) file << (i == 0 ? "" : "\n") << texts[i];
  file.close();
  std::unique_ptr<bench::line_process> result;
  try {
    const std::string script = CARPOOL_BENCHMARKS "/support/huggingface_tokenizer.py";
    result = std::make_unique<bench::line_process>(
        std::vector<std::string>{given.python, script, given.model, lines.string()});
  } catch (const std::runtime_error&) {
    std::cerr << "If " << given.python << " has no package tokenizers, try:\n"
              << "  python3 -m venv venv && venv/bin/pip install tokenizers\n"
              << "  bench_tokenizer --python venv/bin/python\n";
  }
  std::filesystem::remove(lines);
  if (!result) throw std::runtime_error{"nothing to compare with"};
  return result;
}

void run(const settings& given) {
  const std::vector<std::string> texts = texts_of(given.files);
  const bert::model_config config = bert::read_model_config(given.model);
  const bert::wordpiece tokenizer{bert::read_vocabulary(given.model, config.vocab_size), config.tokenizer,
                                  1'000'000};
  const auto other = start_huggingface(given, texts);
  bench::line_process& huggingface = *other;
  check(tokenizer, texts, huggingface);
  const std::string method = fastest_method(huggingface);
  std::printf("one thread each, CPU time, no truncation; the fastest of Hugging Face's methods here: %s\n\n",
              method.c_str());
  bench::run_interleaved(
      "ns per token", 21,
      {{"Hugging Face tokenizers " + huggingface.greeting(), [&] { return measure(huggingface, method); }},
       {"carpool::bert::wordpiece", [&] { return measure(tokenizer, texts); }}});
}

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { run({argc, argv}); });
}
