// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// An HTTP server for text embeddings, reranking and classification; `embed_server --help` lists its options.
//
// Reading order: options and run (start-up), loaded_model (carpool::bert), embedding_engine and local_engine
// (a model behind its batcher), hosted_model, model_catalog and model_repository (which models there are),
// server and listener (accepting), connection and client_stream (one client), read_request, header_guard,
// routes and clientele (what is let in, and where to), embed_service (who does it), vector_service,
// score_service, infer_service and tokenizer_service (what is done), then what the protocols look like:
// embed_request and embed_answer (TEI's and OpenAI's), tei_answer, infer_request, infer_answer and
// infer_metadata (the Open Inference Protocol's), api_error (all that can be wrong); server_facts, metrics,
// model_statistics, access_log and trace_service; shutdown and reload; self_check and model_check (--check).

#include "run.hpp"

int main(int argc, char** argv) { return embed_server::run(argc, argv); }
