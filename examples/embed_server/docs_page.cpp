// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "docs_page.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <string_view>

namespace embed_server {
namespace {

namespace json = boost::json;

// The browser chooses light or dark; everything is in reading order, and folds open with the keyboard.
constexpr std::string_view page_head = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{0}</title>
<style>
:root {{ color-scheme: light dark; --text: #1b1f24; --back: #ffffff; --soft: #f1f3f5; --line: #868e96; --link: #0b57d0; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --text: #e6e8ea; --back: #16191d; --soft: #22272e; --line: #8b949e; --link: #8ab4f8; }}
}}
body {{ margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }}
a {{ color: var(--link); }}
:focus-visible {{ outline: 3px solid var(--link); outline-offset: 2px; }}
.skip {{ position: absolute; left: -100rem; }}
.skip:focus {{ position: static; }}
details {{ border: 1px solid var(--line); border-radius: 0.4rem; margin: 0.5rem 0; padding: 0 0.8rem; }}
summary {{ padding: 0.5rem 0; cursor: pointer; }}
summary h3 {{ display: inline; font-size: 1rem; }}
code, pre {{ font-family: ui-monospace, monospace; font-size: 0.95em; }}
pre {{ background: var(--soft); padding: 0.6rem; white-space: pre-wrap; overflow-wrap: anywhere; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; margin-bottom: 0.8rem; }}
caption {{ text-align: left; padding: 0.3rem 0.6rem; font-style: italic; }}
th, td {{ border-bottom: 1px solid var(--line); padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }}
</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>{0} {1}</h1>
<p>{2}</p>
<p>For programs: <a href="openapi.json">openapi.json</a></p>
</header>
)html";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string code(std::string_view text) { return "<code>" + escaped(text) + "</code>"; }

// The member as text for people; empty when it is absent.
std::string text_of(const json::object& from, std::string_view member) {
  const auto* value = from.if_contains(member);
  return value != nullptr && value->is_string() ? escaped(value->get_string()) : "";
}

// The last part of a reference such as #/components/schemas/Text.
std::string_view name_of(const json::object& reference) {
  const std::string_view target = reference.at("$ref").as_string();
  return target.substr(target.rfind('/') + 1);
}

// A group's or operation's name as an anchor.
std::string anchor_of(std::string_view name) {
  std::string result(name);
  for (char& c : result)
    if (c == ' ') c = '-';
  return escaped(result);
}

std::string type_of(const json::object& schema);

std::string alternatives(const json::array& list) {
  std::string result;
  for (const json::value& each : list) {
    if (!result.empty()) result += " or ";
    if (const auto* schema = each.if_object()) {
      result += type_of(*schema);
    } else {
      result += each.is_string() ? escaped(each.get_string()) : json::serialize(each);
    }
  }
  return result;
}

std::string values(const json::array& list) {
  std::string result;
  for (const json::value& each : list) result += (result.empty() ? "" : " or ") + code(json::serialize(each));
  return result;
}

// What may be there, in a few words.
std::string type_of(const json::object& schema) {
  if (schema.contains("$ref")) return fmt::format("<a href=\"#schema-{0}\">{0}</a>", name_of(schema));
  if (const auto* constant = schema.if_contains("const")) return code(json::serialize(*constant));
  if (const auto* list = schema.if_contains("enum")) return values(list->as_array());
  const auto* type = schema.if_contains("type");
  if (type == nullptr) {
    const auto* choices = schema.if_contains("oneOf");
    return choices != nullptr ? alternatives(choices->as_array()) : "anything";
  }
  const auto* items = schema.if_contains("items");
  if (items != nullptr && *type == "array") return "list of (" + type_of(items->as_object()) + ")";
  return type->is_array() ? alternatives(type->get_array()) : escaped(type->as_string());
}

bool is_required(const json::object& schema, std::string_view name) {
  const auto* list = schema.if_contains("required");
  if (list == nullptr) return false;
  for (const json::value& each : list->as_array())
    if (each.as_string() == name) return true;
  return false;
}

std::string html_table(std::string_view caption, std::string_view columns, const std::string& rows) {
  return fmt::format(
      "<div class=\"scroll\" role=\"region\" aria-label=\"{0}\" tabindex=\"0\"><table><caption>{0}</caption>"
      "<thead><tr>{1}</tr></thead><tbody>{2}</tbody></table></div>\n",
      caption, columns, rows);
}

std::string properties(std::string_view name, const json::object& schema) {
  const auto* members = schema.if_contains("properties");
  if (members == nullptr) return "<p>" + type_of(schema) + "</p>\n";
  std::string rows;
  for (const auto& [member, value] : members->as_object()) {
    const json::object& its = value.as_object();
    rows +=
        fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>", code(member),
                    type_of(its), is_required(schema, member) ? "yes" : "no", text_of(its, "description"));
  }
  return html_table("Members of " + escaped(name),
                    "<th scope=\"col\">Member</th><th scope=\"col\">Type</th><th scope=\"col\">Required</th>"
                    "<th scope=\"col\">Meaning</th>",
                    rows);
}

std::string schema_section(std::string_view name, const json::object& schema) {
  std::string result = fmt::format(
      "<section aria-labelledby=\"schema-{0}\">\n<h3 id=\"schema-{0}\">{0}</h3>\n", escaped(name));
  if (const std::string meaning = text_of(schema, "description"); !meaning.empty())
    result += "<p>" + meaning + "</p>\n";
  return result + properties(name, schema) + "</section>\n";
}

const json::object& resolved(const json::object& openapi, std::string_view kind,
                             const json::object& reference) {
  return openapi.at("components").at(kind).at(name_of(reference)).as_object();
}

std::string parameters(const json::object& openapi, const json::array& list) {
  std::string rows;
  for (const json::value& each : list) {
    const json::object& its = resolved(openapi, "parameters", each.as_object());
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
                        code(its.at("name").as_string()), text_of(its, "in"), text_of(its, "description"));
  }
  return html_table("Parameters",
                    "<th scope=\"col\">Name</th><th scope=\"col\">In</th><th scope=\"col\">Meaning</th>",
                    rows);
}

// A link to the schema of each content type.
std::string contents(const json::object& holder) {
  const auto* content = holder.if_contains("content");
  if (content == nullptr) return "no body";
  std::string result;
  for (const auto& [type, value] : content->as_object()) {
    const auto* schema = value.as_object().if_contains("schema");
    result += (result.empty() ? "" : " or ") + code(type) +
              (schema != nullptr ? ": " + type_of(schema->as_object()) : "");
  }
  return result;
}

std::string example(const json::object& openapi, std::string_view path, const json::object& body) {
  const json::object& schema =
      resolved(openapi, "schemas", body.at("content").at("application/json").at("schema").as_object());
  const auto* examples = schema.if_contains("examples");
  if (examples == nullptr) return "";
  const std::string command =
      fmt::format("curl -s http://127.0.0.1:8080{} -H 'Content-Type: application/json' -d '{}'", path,
                  json::serialize(examples->as_array().at(0)));
  return "<pre>" + escaped(command) + "</pre>\n";
}

std::string responses(const json::object& list) {
  std::string rows;
  for (const auto& [status, value] : list) {
    const json::object& its = value.as_object();
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>", std::string_view(status),
                        text_of(its, "description"), contents(its));
  }
  return html_table("Answers",
                    "<th scope=\"col\">Status</th><th scope=\"col\">Meaning</th><th scope=\"col\">Body</th>",
                    rows);
}

std::string operation_section(const json::object& openapi, std::string_view path, std::string_view method,
                              const json::object& operation) {
  const std::string verb = method == "post" ? "POST" : "GET";
  std::string result =
      fmt::format("<details id=\"{}\">\n<summary><h3><code>{} {}</code></h3> {}</summary>\n",
                  text_of(operation, "operationId"), verb, escaped(path), text_of(operation, "summary"));
  if (const auto* body = operation.if_contains("requestBody")) {
    result +=
        "<p>Takes " + contents(body->as_object()) + "</p>\n" + example(openapi, path, body->as_object());
  }
  result += parameters(openapi, operation.at("parameters").as_array());
  return result + responses(operation.at("responses").as_object()) + "</details>\n";
}

std::string group_section(const json::object& openapi, std::string_view group) {
  std::string result = fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n",
                                   anchor_of(group), escaped(group));
  for (const auto& [path, methods] : openapi.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object())
      if (operation.at("tags").at(0).as_string() == group)
        result += operation_section(openapi, path, method, operation.as_object());
  }
  return result + "</section>\n";
}

std::string navigation(const json::array& groups) {
  std::string result = "<nav aria-label=\"Contents\"><ul>\n";
  for (const json::value& group : groups) {
    const std::string_view name = group.at("name").as_string();
    result += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", anchor_of(name), escaped(name));
  }
  return result + "<li><a href=\"#schemas\">Schemas</a></li>\n</ul></nav>\n";
}

}  // namespace

std::string docs_page(const json::object& openapi) {
  const json::object& info = openapi.at("info").as_object();
  const json::array& groups = openapi.at("tags").as_array();
  std::string page =
      fmt::format(page_head, text_of(info, "title"), text_of(info, "version"), text_of(info, "description"));
  page += navigation(groups) + "<main id=\"content\">\n";
  for (const json::value& group : groups) page += group_section(openapi, group.at("name").as_string());
  page += "<section aria-labelledby=\"schemas\">\n<h2 id=\"schemas\">Schemas</h2>\n";
  for (const auto& [name, schema] : openapi.at("components").at("schemas").as_object())
    page += schema_section(name, schema.as_object());
  return page + "</section>\n</main>\n</body>\n</html>\n";
}

}  // namespace embed_server
