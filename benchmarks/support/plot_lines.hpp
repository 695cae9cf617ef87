// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Line charts as SVG files, readable in light and dark surroundings, with nothing but the standard library.

#pragma once

#include "support/write_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace bench {

struct line {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< x and y, by x; where y is not finite the line has a gap
  bool emphasised = false;
};

struct chart {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<line> lines;
  double y_most = 0;  ///< what exceeds it is cut off; 0: up to the largest value
};

/// Draws a chart into a file. Throws std::runtime_error if that cannot be written.
class line_plot {
 public:
  explicit line_plot(const chart& drawn) : chart_(drawn) {
    for (const line& each : chart_.lines)
      for (const auto& [x, y] : each.points) {
        x_most_ = std::max(x_most_, x);
        if (chart_.y_most <= 0 && std::isfinite(y)) y_most_ = std::max(y_most_, y);
      }
    if (chart_.y_most > 0) y_most_ = chart_.y_most;
    if (x_most_ <= 0) x_most_ = 1;
    if (y_most_ <= 0) y_most_ = 1;
  }

  void write(const std::string& path) const {
    std::ostringstream out;
    draw(out);
    write_file(path, out.str());
  }

  void draw(std::ostream& out) const {
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height
        << "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"" << width << "\" height=\""
        << height << "\" fill=\"white\"/>\n<clipPath id=\"area\"><rect x=\"" << left << "\" y=\"" << top - 2
        << "\" width=\"" << right - left << "\" height=\"" << bottom - top + 4 << "\"/></clipPath>\n";
    text(out, left, 22, "start", chart_.title, "font-size=\"14\" font-weight=\"bold\"");
    text(out, (left + right) / 2, height - 8, "middle", chart_.x_label);
    text(out, left, top - 8, "start", chart_.y_label);
    for (const double x : ticks(x_most_)) grid_line(out, place_x(x), bottom, place_x(x), top, x);
    for (const double y : ticks(y_most_)) grid_line(out, left, place_y(y), right, place_y(y), y);
    for (std::size_t i = 0; i < chart_.lines.size(); ++i) draw_line(out, i);
    out << "</svg>\n";
  }

 private:
  static constexpr double width = 760, height = 400, left = 56, right = 540, top = 56, bottom = 352;

  [[nodiscard]] double place_x(double x) const { return left + (right - left) * x / x_most_; }
  [[nodiscard]] double place_y(double y) const { return bottom - (bottom - top) * y / y_most_; }

  /// Colours that the colour-blind tell apart (Okabe and Ito), and dashes for the rest.
  [[nodiscard]] static const char* colour(std::size_t i) {
    static constexpr const char* colours[] = {"#000000", "#e69f00", "#56b4e9", "#009e73",
                                              "#0072b2", "#d55e00", "#cc79a7", "#888888"};
    return colours[i % std::size(colours)];
  }

  /// Round numbers up to `most`, four to eight.
  [[nodiscard]] static std::vector<double> ticks(double most) {
    const double decade = std::pow(10, std::floor(std::log10(most)));
    const double step = most / decade < 2 ? 0.25 * decade : most / decade < 5 ? 0.5 * decade : decade;
    std::vector<double> at;
    for (int i = 0; i * step <= most * 1.0001; ++i) at.push_back(i * step);
    return at;
  }

  static void text(std::ostream& out, double x, double y, const char* anchor, const std::string& words,
                   const char* style = "") {
    out << "<text x=\"" << x << "\" y=\"" << y << "\" text-anchor=\"" << anchor << "\" " << style << '>'
        << words << "</text>\n";
  }

  static void grid_line(std::ostream& out, double x1, double y1, double x2, double y2, double value) {
    char label[32];
    std::snprintf(label, sizeof label, "%g", value);
    out << "<line x1=\"" << x1 << "\" y1=\"" << y1 << "\" x2=\"" << x2 << "\" y2=\"" << y2
        << "\" stroke=\"#ddd\"/>\n";
    if (x1 == x2)
      text(out, x1, bottom + 18, "middle", label);
    else
      text(out, left - 6, y1 + 4, "end", label);
  }

  void draw_line(std::ostream& out, std::size_t i) const {
    const line& drawn = chart_.lines[i];
    char style[128];
    std::snprintf(style, sizeof style,
                  "fill=\"none\" stroke-linecap=\"round\" stroke=\"%s\" stroke-width=\"%s\"%s", colour(i),
                  drawn.emphasised ? "3" : "1.5", i < 8 ? "" : " stroke-dasharray=\"5 3\"");
    out << "<path clip-path=\"url(#area)\" " << style << " d=\"";
    bool pen_down = false;
    for (const auto& [x, y] : drawn.points) {
      if (std::isfinite(y))  // a point without neighbours is a dot
        out << (pen_down ? 'L' : 'M') << place_x(x) << ' ' << place_y(y) << (pen_down ? " " : "h0 ");
      pen_down = std::isfinite(y);
    }
    out << "\"/>\n";
    const double y = top + 8 + 20 * static_cast<double>(i);
    out << "<path " << style << " d=\"M" << right + 14 << ' ' << y << "h22\"/>\n";
    text(out, right + 42, y + 4, "start", drawn.name, drawn.emphasised ? "font-weight=\"bold\"" : "");
  }

  chart chart_;
  double x_most_ = 0;
  double y_most_ = 0;
};

}  // namespace bench
