// HTML by string: whatever a user named is escaped here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

/// For text and for attribute values: & < > " ' as entities, bytes that are no UTF-8 as U+FFFD,
/// control characters left out.
std::string escaped(std::string_view text);

/// At most `most` characters: of a longer text its beginning, an ellipsis, and `of_the_end` of its
/// last characters. UTF-8.
std::string shortened(std::string_view text, std::size_t most, std::size_t of_the_end = 0);

/// <tag attributes>content</tag>; `attributes` and `content` are HTML already.
std::string element(std::string_view tag, std::string_view attributes, std::string_view content);

/// A table that scrolls sideways where it is too wide. The first cell of each row is its header.
class HtmlTable {
 public:
  HtmlTable(std::string caption, const std::vector<std::string>& header);
  /// Cells are HTML.
  void add_row(const std::vector<std::string>& cells);
  bool empty() const { return rows_.empty(); }
  std::string html() const;

 private:
  std::string caption_, header_, rows_;
};

/// A paragraph of plain text.
std::string paragraph(std::string_view text, std::string_view css_class = "");

/// data:MIME;base64,...
std::string data_uri(std::string_view mime, std::string_view bytes);

}  // namespace mien
