// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Everything that a program needs to run a BERT embedding model or classifier behind a DynamicBatcher.
#pragma once

#include <carpool/bert/classifier.hpp>
#include <carpool/bert/classifier_lane.hpp>
#include <carpool/bert/embedder.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/lane.hpp>
#include <carpool/bert/options.hpp>
#include <carpool/bert/prediction.hpp>
#include <carpool/bert/tokens.hpp>
#include <carpool/bert/wordpiece_decoder.hpp>
