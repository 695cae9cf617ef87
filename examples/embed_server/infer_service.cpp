// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "infer_service.hpp"

#include "infer_answer.hpp"
#include "infer_request.hpp"
#include "score_answer.hpp"
#include "score_service.hpp"
#include "turns.hpp"

#include <cstddef>
#include <utility>

namespace embed_server {

asio::awaitable<response> answer_infer(circumstances& when, const limits& limits, std::string body) {
  const served_model& model = when.about();
  const infer_request request =
      parse_infer(body, when.request.head.json_size, when.max_inputs(limits), output_of(model));
  if (!model.labels.empty()) check_scores(request.texts.size(), model, limits);
  if (request.time_limit) when.deadline = when.request.arrival + *request.time_limit;
  embedding_job job;
  job.priority = request.priority;
  const embedded_texts result = co_await when.run(request, std::move(job));
  // A regression's logits are its values, which TEI has no word for.
  const bool raw = model.score_function == carpool::bert::score_function::identity;
  infer_writer writer{request, model.name, result.vectors.size(), model.dimension};
  turns turn{limits.work_per_turn};
  for (const embedding& values : result.vectors) {
    const std::size_t before = writer.size();
    if (model.labels.empty())
      writer.append(values);
    else
      writer.append(scores_of(model, values, raw));
    co_await turn.spend(writer.size() - before);
  }
  when.record();
  co_return writer.finish();
}

}  // namespace embed_server
