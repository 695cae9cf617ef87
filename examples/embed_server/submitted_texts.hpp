// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace embed_server {

/// The texts of a request, in whichever protocol.
struct submitted_texts {
  std::string field;                       ///< what the protocol calls them
  std::vector<std::string> texts;          ///< at least one; none empty unless it is one of a pair
  bool is_list = false;                    ///< whether the field is a list, so that errors name an element
  std::string last;                        ///< what the last text is called, if it is no element of that list
  std::string paired_with;                 ///< the field that each text is paired with, if there is one
  std::optional<std::string> prompt_name;  ///< of what is to be put before each text
  bool truncate = true;  ///< cut what is longer than the model takes; otherwise such a text is an error
};

/// The name of one text in an error message: "text", "inputs" or "inputs[3]".
std::string name_of_text(const submitted_texts& request, std::size_t index);

// The readers throw api_error whose param names the field at fault.

/// One text; `name` is what errors call it.
std::string read_any_text(const boost::json::value& value, const std::string& field, const std::string& name);

/// The same, which must not be empty.
std::string read_text(const boost::json::value& value, const std::string& field, const std::string& name);

/// The texts of a list, at most `max_inputs`.
void read_text_list(submitted_texts& request, const boost::json::array& list, std::size_t max_inputs);

/// The text or the list of texts in the member that `request.field` names.
void read_texts(submitted_texts& request, const boost::json::object& body, std::size_t max_inputs);

/// TEI's `prompt_name`.
void read_prompt_name(submitted_texts& request, const boost::json::object& from);

}  // namespace embed_server
