// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/table.h"

#include <algorithm>
#include <utility>

#include "overlay/ctl/text.h"

namespace overlay::ctl {

namespace {

constexpr std::size_t gap = 2;
/// A remark is never shorter than this: the terminal wraps it instead.
constexpr std::size_t remark_width_min = 16;

void append_padded(std::string& line, const Cell& cell, const Column& column, std::size_t width,
                   const Look& look) {
  const std::string padding(width - std::min(width, display_width(cell.text)), ' ');
  const bool right = column.kind == Column::Kind::number;
  line += right ? padding + toned(cell.text, cell.tone, look) : toned(cell.text, cell.tone, look) + padding;
}

std::string joined(const std::vector<Cell>& cells, const std::vector<Column>& columns,
                   const std::vector<std::size_t>& widths, const Look& look) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line.append(gap, ' ');
    append_padded(line, cells[i], columns[i], widths[i], look);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

/// The remark gets what the others leave of the terminal.
void fit(std::vector<std::size_t>& widths, const std::vector<Column>& columns, const Look& look) {
  if (look.width == 0 || columns.back().kind != Column::Kind::remark) return;
  std::size_t others = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) others += widths[i] + gap;
  const auto room = std::max(look.width - std::min(look.width, others), remark_width_min);
  widths.back() = std::min(widths.back(), room);
}

}  // namespace

std::string toned(const std::string& text, Tone tone, const Look& look) {
  if (!look.colour || tone == Tone::plain) return text;
  const char* start = tone == Tone::good ? "\x1b[32m" : tone == Tone::warning ? "\x1b[33m" : "\x1b[31m";
  return start + text + "\x1b[0m";
}

Cell::Cell(std::string content, Tone its_tone)
    : text(content.empty() ? "-" : printable(content)), tone(its_tone) {}

std::string Table::text(const Look& look) const {
  std::vector<Cell> header;
  std::vector<std::size_t> widths;
  for (const auto& column : columns_) {
    header.emplace_back(column.name);
    widths.push_back(display_width(column.name));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i].text));
  }
  fit(widths, columns_, look);
  std::string out = joined(header, columns_, widths, look);
  for (auto row : rows_) {
    row.back().text = shorten(row.back().text, widths.back());
    out += joined(row, columns_, widths, look);
  }
  return out;
}

}  // namespace overlay::ctl
