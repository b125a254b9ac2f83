// SPDX-License-Identifier: Apache-2.0
// Aligned text tables: a header in capitals, two spaces between columns, no borders. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "overlay/base/time.h"

namespace overlay::ctl {

/// How and when it is shown.
struct Look {
  WallTime now{};     // ages are counted to it
  bool wide = false;  // every column, nothing left out
  bool colour = false;
  std::size_t width = 0;  // columns of the terminal; 0: no terminal, nothing is shortened
};

enum class Tone { plain, good, warning, bad };

/// `text`, coloured when the look has colours.
std::string toned(const std::string& text, Tone tone, const Look& look);

struct Column {
  enum class Kind {
    text,
    number,  // aligned to the right
    remark,  // a sentence, shortened when the terminal is too narrow; only the last column
  };
  std::string name;
  Kind kind = Kind::text;
};

struct Cell {
  Cell(std::string content,
       Tone its_tone = Tone::plain);  // NOLINT: rows are written as braced lists of texts

  std::string text;  // printable; "-" when it was empty
  Tone tone;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// Header and rows, each ended by a newline; no spaces at the ends of lines.
  std::string text(const Look& look) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace overlay::ctl
