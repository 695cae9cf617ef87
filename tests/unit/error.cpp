// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/bert/error.hpp>
#include <carpool/error.hpp>
#include <carpool/tensors/error.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <support/doctest.hpp>

#include <set>
#include <string>

using carpool::error;

TEST_CASE("every error has a sentence of its own") {
  std::set<std::string> sentences;
  for (const auto each : {error::queue_full, error::expired, error::shut_down, error::model_failed,
                          error::result_count_mismatch, error::too_large, error::device_lost}) {
    const boost::system::error_code code = each;
    CHECK(code.failed());
    CHECK(code.message().find(' ') != std::string::npos);
    CHECK(code.message().find("unknown") == std::string::npos);
    sentences.insert(code.message());
  }
  CHECK(sentences.size() == 7);
}

TEST_CASE("an error compares with codes of its own category only") {
  const boost::system::error_code full = error::queue_full;
  CHECK(full == error::queue_full);
  CHECK(full != error::expired);
  CHECK(full != boost::system::error_code(1, boost::system::generic_category()));
  CHECK(full.category() == carpool::get_error_category());
  CHECK(full.category().name() == std::string("carpool"));
}

TEST_CASE("an error that comes out of a shared library with a category of its own is still that error") {
  CHECK(boost::system::error_code(2, carpool::error_category()) == error::expired);
  CHECK(boost::system::error_code(2, carpool::bert::error_category_type()) ==
        carpool::bert::error::empty_text);
  CHECK(boost::system::error_code(2, carpool::tensors::error_category_type()) ==
        carpool::tensors::error::wrong_type);
  CHECK(boost::system::error_code(2, carpool::error_category()) != carpool::bert::error::empty_text);
}

TEST_CASE("a value that is no error is named in its message") {
  CHECK(carpool::get_error_category().message(99) == "unknown carpool error 99");
  CHECK(carpool::get_error_category().message(0) == "unknown carpool error 0");
}

TEST_CASE("a system_error made from an error shows its sentence") {
  const boost::system::system_error thrown(error::expired);
  CHECK(std::string(thrown.what()).find("the deadline passed") != std::string::npos);
}
