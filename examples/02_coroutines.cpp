// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
// Lesson 2: a batcher inside a service that has an io_context. Each session is a coroutine that awaits its
// own result; collate, model and split are three functors, and run on the batcher's thread, never on the
// io_context.

#include <carpool/carpool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace asio = boost::asio;
using batcher = carpool::DynamicBatcher<std::string, std::size_t>;

// One batch of texts as a real model wants it: all characters in one buffer, and where each text ends.
struct packed_texts {
  std::string characters;
  std::vector<std::size_t> ends;
};

packed_texts collate(std::span<const std::string> texts) {
  packed_texts batch;
  for (const std::string& text : texts) batch.ends.push_back((batch.characters += text).size());
  return batch;
}

std::vector<std::size_t> model(const packed_texts& batch) { return batch.ends; }  // one run for all texts

std::vector<std::size_t> split(std::vector<std::size_t> ends,
                               std::size_t) {  // one result per text: its length
  std::adjacent_difference(ends.begin(), ends.end(), ends.begin());
  return ends;
}

asio::awaitable<void> session(batcher& lengths, std::string text, int& done) {
  const std::size_t length = co_await lengths.async_submit(text);
  std::cout << '"' << text << "\" has " << length << " characters\n";
  ++done;
}

int main() {
  asio::io_context io;
  batcher lengths{io, {.max_batch_size = 8}, carpool::functor_set{collate, model, split}};
  int done = 0;
  for (const char* text : {"share", "the", "ride"})
    co_spawn(io, session(lengths, text, done), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
  io.run();
  return done == 3 ? 0 : 1;
}
