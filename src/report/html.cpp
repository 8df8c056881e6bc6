#include "html.h"

#include <nlohmann/json.hpp>

#include "mien/core/json_text.h"
#include "mien/core/text.h"

namespace mien {
namespace {

/// Any bytes as UTF-8.
std::string as_utf8(std::string_view text) {
  return nlohmann::json::parse(json_text(std::string(text))).get<std::string>();
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : as_utf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 32 || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t most, std::size_t of_the_end) {
  std::vector<std::size_t> characters;  // where they begin
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) characters.push_back(i);
  }
  if (characters.size() <= most) return std::string(text);
  std::string out = concat(text.substr(0, characters[most - 1 - of_the_end]), "…");
  if (of_the_end > 0) out += text.substr(characters[characters.size() - of_the_end]);
  return out;
}

std::string element(std::string_view tag, std::string_view attributes, std::string_view content) {
  return concat("<", tag, attributes.empty() ? "" : " ", attributes, ">", content, "</", tag, ">");
}

HtmlTable::HtmlTable(std::string caption, const std::vector<std::string>& header)
    : caption_(std::move(caption)) {
  for (const std::string& cell : header) header_ += element("th", "scope=\"col\"", cell);
}

void HtmlTable::add_row(const std::vector<std::string>& cells) {
  std::string row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    row += i == 0 ? element("th", "scope=\"row\"", cells[i]) : element("td", "", cells[i]);
  }
  rows_ += element("tr", "", row) + "\n";
}

std::string HtmlTable::html() const {
  const std::string table = element("table", "",
                                    element("caption", "", escaped(caption_)) +
                                        element("thead", "", element("tr", "", header_)) +
                                        element("tbody", "", "\n" + rows_));
  return element("div",
                 "class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
                     escaped(caption_) + "\"",
                 table) +
         "\n";
}

std::string paragraph(std::string_view text, std::string_view css_class) {
  const std::string attributes = css_class.empty() ? "" : concat("class=\"", css_class, "\"");
  return element("p", attributes, escaped(text)) + "\n";
}

std::string data_uri(std::string_view mime, std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out = concat("data:", mime, ";base64,");
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    const unsigned word = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out += kDigits[word >> 18];
    out += kDigits[word >> 12 & 63];
    out += i + 1 < bytes.size() ? kDigits[word >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kDigits[word & 63] : '=';
  }
  return out;
}

}  // namespace mien
