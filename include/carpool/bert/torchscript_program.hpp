// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/device.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/program.hpp>
#include <carpool/bert/program_lane.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <c10/core/Device.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <exception>
#include <string>

namespace carpool::bert {

/// A TorchScript module, in a .pt file. PyTorch calls TorchScript deprecated since 2.11; this is for modules
/// that are there, such as those of Torch-TensorRT.
class torchscript_program final : public program {
 public:
  /// Throws `load_error` when the file is no such module, or needs an operator or class that is not there.
  torchscript_program(const std::string& file, c10::Device device) : program(file) {
    try {
      module_ = torch::jit::load(file, device);
      module_.eval();
    } catch (const std::exception& fault) {
      throw load_error{file + " cannot be loaded as a TorchScript module on " + device.str() +
                       " by libtorch " + libtorch_version() + ": " + cause_of(fault)};
    }
  }

  at::Tensor operator()(const at::Tensor& ids, const at::Tensor& mask) override {
    const c10::IValue output = module_.forward({ids, mask});
    if (output.isTensor()) return output.toTensor();
    throw program_lane::wrong_result(name() + ": the program returned a value of type " +
                                     output.type()->str() + "; it must return one tensor, the embeddings");
  }

 private:
  torch::jit::Module module_;
};

}  // namespace carpool::bert
