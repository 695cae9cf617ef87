// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "strict_json.hpp"

#include "api_error.hpp"

#include <boost/container/pmr/memory_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/storage_ptr.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <new>
#include <string>
#include <utility>

namespace embed_server {
namespace {

namespace json = boost::json;

// There may be enough memory, but this document is not to have it.
class too_many_values final : public std::bad_alloc {};

// Memory for one document, up to a limit: "[0,0,0,...]" takes a dozen times the memory of its text.
class limited_memory final : public boost::container::pmr::memory_resource {
 public:
  explicit limited_memory(std::size_t limit) : left_(limit) {}

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    if (size > left_) throw too_many_values();
    void* const memory = all_memory_->allocate(size, alignment);
    left_ -= size;
    return memory;
  }
  void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
    left_ += size;
    all_memory_->deallocate(memory, size, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  const json::storage_ptr all_memory_;
  std::size_t left_;
};

// Boost.JSON reads 1e999 as infinity.
bool all_finite(const json::value& value) {
  if (const auto* number = value.if_double()) return std::isfinite(*number);
  if (const auto* list = value.if_array()) return std::ranges::all_of(*list, all_finite);
  if (const auto* object = value.if_object())
    return std::ranges::all_of(*object, [](const auto& member) { return all_finite(member.value()); });
  return true;
}

[[noreturn]] void refuse(const std::string& why) {
  throw api_error{problem::malformed, "the body is not valid JSON: " + why};
}

}  // namespace

json::object parse_strict(std::string_view body) {
  constexpr std::size_t always = 24 << 20, times_its_text = 4;
  const auto memory = json::make_shared_resource<limited_memory>(always + times_its_text * body.size());
  std::array<unsigned char, 4096> first;  // enough for most
  json::parser parser(memory, {}, first.data(), first.size());
  parser.reset(memory);  // for the values, too
  boost::system::error_code ec;
  std::size_t read = 0;
  try {
    read = parser.write(body, ec);
  } catch (const too_many_values&) {
    refuse("it holds too many values");
  }
  if (ec) refuse(ec.message() + " at byte " + std::to_string(read));
  json::value value = parser.release();
  if (!all_finite(value)) refuse("a number is out of range");
  if (!value.is_object()) throw api_error{problem::invalid, "the body must be a JSON object"};
  return std::move(value.as_object());
}

}  // namespace embed_server
