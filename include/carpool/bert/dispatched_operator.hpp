// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

#include <cstddef>
#include <optional>
#include <utility>

namespace carpool::bert {

/// An operator of libtorch that has no C++ header, called by its name.
class dispatched_operator {
 public:
  /// Empty unless this libtorch has the operator, for that kind of tensors, with so many arguments.
  static std::optional<dispatched_operator> find(const char* name, c10::DispatchKey key,
                                                 std::size_t arguments) {
    const auto found = c10::Dispatcher::singleton().findSchema({name, ""});
    if (!found || !found->hasKernelForDispatchKey(key) || found->schema().arguments().size() != arguments)
      return {};
    return dispatched_operator{*found};
  }

  /// Its result, of which it must have one.
  template <class... Arguments>
  c10::IValue operator()(const Arguments&... arguments) const {
    torch::jit::Stack stack;
    torch::jit::push(stack, arguments...);
    handle_.callBoxed(stack);
    return std::move(stack.front());
  }

 private:
  explicit dispatched_operator(c10::OperatorHandle handle) : handle_(handle) {}

  c10::OperatorHandle handle_;
};

}  // namespace carpool::bert
