// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "api_schemas.hpp"

namespace embed_server {

const std::string_view api_schemas = R"json(
{
  "Trace": {
    "description": "The Trace Event Format of the Chrome project.",
    "type": "object",
    "properties": {
      "displayTimeUnit": {"type": "string"},
      "traceEvents": {"type": "array", "items": {"type": "object"}}
    },
    "required": ["traceEvents"]
  },
  "Anything": {"description": "A JSON object.", "type": "object"},
  "Text": {"type": "string", "minLength": 1},
  "Texts": {
    "description": "A text, or a list of texts; /info says how many at most (max_client_batch_size).",
    "oneOf": [{"$ref": "#/components/schemas/Text"},
              {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Text"}}]
  },
  "Embedding": {
    "type": "array", "items": {"type": "number"},
    "description": "The vector of a text. It has length 1, unless normalize is false."
  },
  "Truncate": {
    "type": ["boolean", "null"], "default": true,
    "description": "Whether a text that is longer than the model takes is cut; otherwise it is an error."
  },
  "Dimensions": {
    "type": ["integer", "null"], "minimum": 1,
    "description": "Only so many of the first values, scaled to length 1 again; not more than the model has."
  },
  "TruncationDirection": {"enum": ["right", null], "description": "Texts are cut at their end. Right is understood, too."},
  "PromptName": {
    "type": ["string", "null"],
    "description": "Which of the prompts in the model's config_sentence_transformers.json is put before each text."
  },

  "EmbedRequest": {
    "type": "object",
    "properties": {
      "inputs": {"$ref": "#/components/schemas/Texts"},
      "text": {"type": "string", "minLength": 1, "description": "One text, in place of inputs."},
      "truncate": {"$ref": "#/components/schemas/Truncate"},
      "truncation_direction": {"$ref": "#/components/schemas/TruncationDirection"},
      "normalize": {"type": ["boolean", "null"], "default": true,
                    "description": "Whether vectors are scaled to length 1; otherwise they are what pooling gives, and dimensions only cuts them."},
      "prompt_name": {"$ref": "#/components/schemas/PromptName"},
      "dimensions": {"$ref": "#/components/schemas/Dimensions"}
    },
    "oneOf": [{"required": ["inputs"]}, {"required": ["text"]}],
    "examples": [{"inputs": ["share the ride", "one run for all"]}]
  },
  "EmbedAnswer": {
    "description": "A list of embeddings, or, where the request has text, one embedding.",
    "oneOf": [
      {"type": "array", "items": {"$ref": "#/components/schemas/Embedding"}},
      {"type": "object", "required": ["embedding"],
       "properties": {"embedding": {"$ref": "#/components/schemas/Embedding"}}}
    ]
  },

  "EmbedAllRequest": {
    "type": "object",
    "properties": {
      "inputs": {"$ref": "#/components/schemas/Texts"},
      "truncate": {"$ref": "#/components/schemas/Truncate"},
      "truncation_direction": {"$ref": "#/components/schemas/TruncationDirection"},
      "prompt_name": {"$ref": "#/components/schemas/PromptName"}
    },
    "required": ["inputs"],
    "examples": [{"inputs": "share the ride"}]
  },
  "EmbedAllAnswer": {
    "type": "array",
    "description": "For each text a list with the vector of each of its tokens, [CLS] and [SEP] among them.",
    "items": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
  },

  "SimilarityRequest": {
    "type": "object",
    "properties": {
      "inputs": {
        "type": "object",
        "description": "source_sentence, and the sentences that it is compared with.",
        "properties": {
          "source_sentence": {"$ref": "#/components/schemas/Text"},
          "sentences": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Text"}}
        },
        "required": ["source_sentence", "sentences"]
      },
      "parameters": {
        "type": ["object", "null"],
        "description": "What holds for all of them.",
        "properties": {
          "truncate": {"$ref": "#/components/schemas/Truncate"},
          "truncation_direction": {"$ref": "#/components/schemas/TruncationDirection"},
          "prompt_name": {"$ref": "#/components/schemas/PromptName"}
        }
      }
    },
    "required": ["inputs"],
    "examples": [{"inputs": {"source_sentence": "share the ride", "sentences": ["go together", "stay at home"]}}]
  },
  "SimilarityAnswer": {
    "type": "array", "items": {"type": "number"},
    "description": "The cosine of each sentence with the source."
  },

  "RawScores": {
    "type": ["boolean", "null"], "default": false,
    "description": "Whether scores are the logits as the model gives them; otherwise they are between 0 and 1."
  },
  "RerankRequest": {
    "type": "object",
    "properties": {
      "query": {"type": "string", "description": "At most 65,536 bytes; empty only if no text is."},
      "texts": {"type": "array", "minItems": 1, "items": {"type": "string"}},
      "raw_scores": {"$ref": "#/components/schemas/RawScores"},
      "return_text": {"type": ["boolean", "null"], "default": false, "description": "Whether the texts are in the answer."},
      "truncate": {"$ref": "#/components/schemas/Truncate"},
      "truncation_direction": {"$ref": "#/components/schemas/TruncationDirection"}
    },
    "required": ["query", "texts"],
    "examples": [{"query": "who is late?", "texts": ["the train is late", "snow in winter"]}]
  },
  "RerankAnswer": {
    "type": "array",
    "description": "The texts by their scores, the highest first; index is a text's place in the request.",
    "items": {
      "type": "object",
      "properties": {"index": {"type": "integer", "minimum": 0}, "text": {"type": "string"},
                     "score": {"type": "number"}},
      "required": ["index", "score"]
    }
  },

  "TextOrPair": {
    "type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string"},
    "description": "A text, or the two of a pair, one of which may be empty, and the first of which has at most 65,536 bytes."
  },
  "PredictRequest": {
    "type": "object",
    "properties": {
      "inputs": {
        "description": "A text, a list with a text or a pair of texts, or a list of such lists.",
        "oneOf": [{"$ref": "#/components/schemas/Text"}, {"$ref": "#/components/schemas/TextOrPair"},
                  {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/TextOrPair"}}]
      },
      "raw_scores": {"$ref": "#/components/schemas/RawScores"},
      "truncate": {"$ref": "#/components/schemas/Truncate"},
      "truncation_direction": {"$ref": "#/components/schemas/TruncationDirection"}
    },
    "required": ["inputs"],
    "examples": [{"inputs": "the train is late"}, {"inputs": [["the train is late"], ["who is late?", "the train"]]}]
  },
  "Prediction": {
    "type": "array",
    "description": "The labels with their scores, the highest first.",
    "items": {
      "type": "object",
      "properties": {"score": {"type": "number"}, "label": {"type": "string"}},
      "required": ["score", "label"]
    }
  },
  "PredictAnswer": {
    "description": "A prediction, or, where inputs is a list of lists, a list of predictions.",
    "oneOf": [{"$ref": "#/components/schemas/Prediction"},
              {"type": "array", "items": {"$ref": "#/components/schemas/Prediction"}}]
  },

  "TokenizeRequest": {
    "type": "object",
    "properties": {
      "inputs": {"$ref": "#/components/schemas/Texts"},
      "add_special_tokens": {
        "type": ["boolean", "null"], "default": true,
        "description": "Whether [CLS] and [SEP] are among the tokens. Special tokens in a text are always text."
      },
      "prompt_name": {"$ref": "#/components/schemas/PromptName"}
    },
    "required": ["inputs"],
    "examples": [{"inputs": "share the ride"}]
  },
  "Token": {
    "type": "object",
    "properties": {
      "id": {"type": "integer", "minimum": 0},
      "text": {"type": "string", "description": "The part of the text, or the name of a special token."},
      "special": {"type": "boolean"},
      "start": {"type": ["integer", "null"], "minimum": 0,
                "description": "Where the part begins, in bytes of UTF-8."},
      "stop": {"type": ["integer", "null"], "minimum": 0, "description": "Where it ends."}
    },
    "required": ["id", "text", "special", "start", "stop"]
  },
  "TokenizeAnswer": {
    "type": "array",
    "description": "For each text a list of its tokens.",
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Token"}}
  },

  "TokenIds": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 0, "maximum": 2147483647}},
  "DecodeRequest": {
    "type": "object",
    "properties": {
      "ids": {
        "description": "A list of token ids, or a list of such lists.",
        "oneOf": [{"$ref": "#/components/schemas/TokenIds"},
                  {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/TokenIds"}}]
      },
      "skip_special_tokens": {
        "type": ["boolean", "null"], "default": true,
        "description": "Whether [CLS], [SEP] and the like are left out."
      }
    },
    "required": ["ids"],
    "examples": [{"ids": [101, 3745, 1996, 4536, 102]}]
  },
  "DecodeAnswer": {"type": "array", "items": {"type": "string"}, "description": "A text for each list of ids."},

  "Labels": {
    "type": "object",
    "properties": {"id2label": {"type": "object", "additionalProperties": {"type": "string"}},
                   "label2id": {"type": "object", "additionalProperties": {"type": "integer"}}},
    "required": ["id2label", "label2id"]
  },
  "Info": {
    "type": "object",
    "properties": {
      "model_id": {"type": "string"},
      "model_sha": {"type": ["string", "null"]},
      "model_dtype": {"type": "string"},
      "served_model_name": {"type": "string"},
      "model_type": {
        "type": "object",
        "description": "One of embedding, with its pooling, and classifier or, where there is one label, reranker, with id2label and label2id.",
        "minProperties": 1, "maxProperties": 1,
        "properties": {"embedding": {"type": "object", "properties": {"pooling": {"enum": ["mean", "cls"]}},
                                     "required": ["pooling"]},
                       "classifier": {"$ref": "#/components/schemas/Labels"},
                       "reranker": {"$ref": "#/components/schemas/Labels"}}
      },
      "max_concurrent_requests": {"type": "integer", "description": "Texts that may wait at once."},
      "max_input_length": {"type": "integer", "description": "Tokens of a text."},
      "max_batch_tokens": {"type": "integer"},
      "max_batch_requests": {"type": ["integer", "null"], "description": "Texts in one run of the model."},
      "max_client_batch_size": {"type": "integer", "description": "Texts in one request."},
      "auto_truncate": {"type": "boolean"},
      "tokenization_workers": {"type": "integer"},
      "version": {"type": "string"},
      "sha": {"type": ["string", "null"]},
      "docker_label": {"type": ["string", "null"]}
    },
    "required": ["model_id", "model_dtype", "model_type", "max_concurrent_requests", "max_input_length",
                 "max_batch_tokens", "max_client_batch_size", "version"]
  },
  "Health": {
    "type": "object",
    "properties": {
      "status": {"type": "string", "description": "\"ok\", or what is wrong."},
      "failed_devices": {"type": "array", "items": {"type": "string"}},
      "failed_models": {"type": "array", "items": {"type": "string"}, "description": "While others work."}
    },
    "required": ["status"]
  },

  "OpenAIEmbeddingsRequest": {
    "type": "object",
    "properties": {
      "input": {"$ref": "#/components/schemas/Texts"},
      "model": {"type": ["string", "null"], "description": "A name that the server does not know means the default, unless it was started with --strict-model."},
      "encoding_format": {"enum": ["float", "base64", null], "default": "float"},
      "dimensions": {"$ref": "#/components/schemas/Dimensions"},
      "user": {"description": "Not looked at."}
    },
    "required": ["input"],
    "examples": [{"input": "share the ride", "model": "any"}]
  },
  "OpenAIEmbeddingsAnswer": {
    "type": "object",
    "properties": {
      "object": {"const": "list"},
      "data": {
        "type": "array",
        "description": "In the order of the input: object, index and embedding, which is a list of numbers, or base64 of their bytes (float32, the lowest first).",
        "items": {
          "type": "object",
          "properties": {
            "object": {"const": "embedding"},
            "index": {"type": "integer", "minimum": 0},
            "embedding": {"oneOf": [{"$ref": "#/components/schemas/Embedding"},
                                    {"type": "string", "contentEncoding": "base64"}]}
          },
          "required": ["object", "index", "embedding"]
        }
      },
      "model": {"type": "string"},
      "usage": {
        "type": "object",
        "description": "prompt_tokens and total_tokens, which are the same.",
        "properties": {"prompt_tokens": {"type": "integer"}, "total_tokens": {"type": "integer"}},
        "required": ["prompt_tokens", "total_tokens"]
      }
    },
    "required": ["object", "data", "model", "usage"]
  },
  "OpenAIModel": {
    "type": "object",
    "properties": {"id": {"type": "string"}, "object": {"const": "model"}, "created": {"type": "integer"},
                   "owned_by": {"type": "string"}},
    "required": ["id", "object", "created", "owned_by"]
  },
  "OpenAIModels": {
    "type": "object",
    "properties": {
      "object": {"const": "list"},
      "data": {
        "type": "array",
        "description": "The models: id, object, created and owned_by.",
        "items": {"$ref": "#/components/schemas/OpenAIModel"}
      }
    },
    "required": ["object", "data"]
  },

  "InferParameters": {
    "type": ["object", "null"],
    "properties": {
      "binary_data_output": {"type": ["boolean", "null"], "description": "Whether the output follows the JSON as bytes."},
      "timeout": {"type": ["integer", "null"], "minimum": 0, "maximum": 86400000000, "description": "Microseconds; 0 is none."},
      "priority": {"type": ["integer", "null"], "minimum": 0, "maximum": 3, "description": "1 goes first, 0 is 2."}
    }
  },
  "InferInput": {
    "type": "object",
    "properties": {
      "name": {"const": "TEXT"},
      "datatype": {"const": "BYTES"},
      "shape": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer", "minimum": 1},
                "description": "[n] or [n, 1] for n texts."},
      "data": {"type": "array", "items": {}, "description": "The texts, nested or not."},
      "parameters": {
        "type": ["object", "null"],
        "description": "binary_data_size, where the texts follow the JSON: each as its size, in 4 bytes of which the lowest is first, and its bytes.",
        "properties": {"binary_data_size": {"type": ["integer", "null"], "minimum": 0}}
      }
    },
    "required": ["name", "datatype", "shape"]
  },
  "InferOutput": {
    "type": "object",
    "properties": {
      "name": {"enum": ["EMBEDDING", "SCORES"], "description": "SCORES with a classifier."},
      "parameters": {
        "type": ["object", "null"],
        "description": "binary_data, whether it follows the JSON as bytes.",
        "properties": {"binary_data": {"type": ["boolean", "null"]}}
      }
    },
    "required": ["name"]
  },
  "InferRequest": {
    "type": "object",
    "properties": {
      "id": {"type": ["string", "null"], "description": "Comes back with the answer."},
      "inputs": {"type": "array", "minItems": 1, "maxItems": 1, "items": {"$ref": "#/components/schemas/InferInput"}},
      "outputs": {"type": ["array", "null"], "maxItems": 1, "items": {"$ref": "#/components/schemas/InferOutput"}},
      "parameters": {"$ref": "#/components/schemas/InferParameters"}
    },
    "required": ["inputs"],
    "examples": [{"inputs": [{"name": "TEXT", "shape": [2, 1], "datatype": "BYTES", "data": ["share the ride", "go together"]}]}]
  },
  "InferAnswer": {
    "type": "object",
    "properties": {
      "id": {"type": "string"},
      "model_name": {"type": "string"},
      "model_version": {"const": "1"},
      "outputs": {
        "type": "array",
        "description": "EMBEDDING, or a classifier's SCORES, with name, datatype, shape and data.",
        "items": {
          "type": "object",
          "properties": {"name": {"enum": ["EMBEDDING", "SCORES"]}, "datatype": {"const": "FP32"},
                         "shape": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
                         "data": {"type": "array", "items": {"type": "number"}}},
          "required": ["name", "datatype", "shape", "data"]
        }
      }
    },
    "required": ["model_name", "model_version", "outputs"]
  },
  "ServerMetadata": {
    "type": "object",
    "properties": {"name": {"const": "carpool"}, "version": {"type": "string"},
                   "extensions": {"type": "array", "items": {"type": "string"}}},
    "required": ["name", "version", "extensions"]
  },
  "ServerLive": {"type": "object", "properties": {"live": {"const": true}}, "required": ["live"]},
  "ServerReady": {"type": "object", "properties": {"ready": {"type": "boolean"}}, "required": ["ready"]},
  "TensorMetadata": {
    "type": "object",
    "properties": {"name": {"type": "string"}, "datatype": {"enum": ["BYTES", "FP32"]},
                   "shape": {"type": "array", "items": {"type": "integer"}}},
    "required": ["name", "datatype", "shape"]
  },
  "ModelMetadata": {
    "type": "object",
    "properties": {
      "name": {"type": "string"},
      "versions": {"type": "array", "items": {"const": "1"}},
      "platform": {"type": "string"},
      "inputs": {"type": "array", "items": {"$ref": "#/components/schemas/TensorMetadata"}},
      "outputs": {"type": "array", "items": {"$ref": "#/components/schemas/TensorMetadata"}}
    },
    "required": ["name", "versions", "platform", "inputs", "outputs"]
  },
  "TensorConfiguration": {
    "type": "object",
    "properties": {"name": {"type": "string"}, "data_type": {"enum": ["TYPE_STRING", "TYPE_FP32"]},
                   "dims": {"type": "array", "items": {"type": "integer"}}},
    "required": ["name", "data_type", "dims"]
  },
  "ModelConfiguration": {
    "type": "object",
    "properties": {
      "name": {"type": "string"},
      "platform": {"type": "string"},
      "max_batch_size": {"type": "integer", "minimum": 1},
      "input": {"type": "array", "items": {"$ref": "#/components/schemas/TensorConfiguration"}},
      "output": {"type": "array", "items": {"$ref": "#/components/schemas/TensorConfiguration"}},
      "dynamic_batching": {"type": "object", "description": "priority_levels and default_priority_level."}
    },
    "required": ["name", "platform", "max_batch_size", "input", "output", "dynamic_batching"]
  },
  "StatisticsSum": {
    "type": "object",
    "properties": {"count": {"type": "integer", "minimum": 0},
                   "ns": {"type": "integer", "minimum": 0, "description": "Nanoseconds in all."}},
    "required": ["count", "ns"]
  },
  "InferenceStatistics": {
    "type": "object",
    "properties": {
      "success": {"$ref": "#/components/schemas/StatisticsSum"},
      "fail": {"$ref": "#/components/schemas/StatisticsSum"},
      "queue": {"$ref": "#/components/schemas/StatisticsSum"},
      "compute_input": {"$ref": "#/components/schemas/StatisticsSum"},
      "compute_infer": {"$ref": "#/components/schemas/StatisticsSum"},
      "compute_output": {"$ref": "#/components/schemas/StatisticsSum"},
      "cache_hit": {"$ref": "#/components/schemas/StatisticsSum"},
      "cache_miss": {"$ref": "#/components/schemas/StatisticsSum"}
    },
    "required": ["success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss"]
  },
  "ModelStatistics": {
    "type": "object",
    "properties": {
      "name": {"type": "string"},
      "version": {"const": "1"},
      "last_inference": {"type": "integer", "description": "Milliseconds since 1970."},
      "inference_count": {"type": "integer", "minimum": 0, "description": "Texts."},
      "execution_count": {"type": "integer", "minimum": 0, "description": "Runs of the model."},
      "inference_stats": {"$ref": "#/components/schemas/InferenceStatistics"},
      "response_stats": {"type": "object"},
      "batch_stats": {"type": "array", "items": {"type": "object"}, "description": "By batch size."},
      "memory_usage": {"type": "array", "items": {"type": "object"}}
    },
    "required": ["name", "version", "last_inference", "inference_count", "execution_count", "inference_stats", "batch_stats"]
  },
  "Statistics": {
    "type": "object",
    "properties": {"model_stats": {"type": "array", "items": {"$ref": "#/components/schemas/ModelStatistics"}}},
    "required": ["model_stats"]
  },

  "RepositoryIndexRequest": {
    "type": "object",
    "properties": {"ready": {"type": ["boolean", "null"], "description": "Only models that are ready."}}
  },
  "RepositoryIndex": {
    "type": "array",
    "items": {
      "type": "object",
      "properties": {"name": {"type": "string"}, "version": {"const": "1"},
                     "state": {"enum": ["READY", "LOADING", "UNAVAILABLE"]},
                     "reason": {"type": "string", "description": "Why it is unavailable."}},
      "required": ["name", "version", "state", "reason"]
    }
  },
  "ModelLoadRequest": {
    "type": "object",
    "properties": {
      "parameters": {
        "type": ["object", "null"],
        "description": "May hold config.",
        "properties": {
          "config": {
            "type": ["string", "null"],
            "description": "JSON that names the model's folder; without, it is the one that the model was loaded from last."
          }
        }
      }
    },
    "examples": [{"parameters": {"config": "{\"folder\": \"/models/all-MiniLM-L6-v2\"}"}}]
  },

  "OpenAIError": {
    "type": "object",
    "properties": {
      "error": {
        "type": "object",
        "description": "message, type, param (the field at fault) and code.",
        "properties": {
          "message": {"type": "string", "minLength": 1},
          "type": {"enum": ["invalid_request_error", "rate_limit_error", "server_error"]},
          "param": {"type": ["string", "null"]},
          "code": {"type": ["string", "null"]}
        },
        "required": ["message", "type", "param", "code"]
      }
    },
    "required": ["error"]
  },
  "TeiError": {
    "type": "object",
    "properties": {
      "error": {"type": "string", "minLength": 1},
      "error_type": {"enum": ["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty"]}
    },
    "required": ["error", "error_type"]
  },
  "OpenInferenceError": {
    "type": "object",
    "properties": {"error": {"type": "string", "minLength": 1}},
    "required": ["error"]
  }
}
)json";

}  // namespace embed_server
