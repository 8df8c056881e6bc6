#include "html.h"

#include <gtest/gtest.h>

namespace mien {
namespace {

TEST(HtmlTest, WhatAUserNamedCannotBecomeMarkup) {
  EXPECT_EQ(escaped("<script>alert('a & \"b\"')</script>"),
            "&lt;script&gt;alert(&#39;a &amp; &quot;b&quot;&#39;)&lt;/script&gt;");
  EXPECT_EQ(escaped("Gesichtsausdrücke"), "Gesichtsausdrücke");
}

TEST(HtmlTest, BytesThatAreNoUtf8AndControlCharactersDoNotReachThePage) {
  EXPECT_EQ(escaped("a\xff\x62"), "a\xEF\xBF\xBD\x62");
  EXPECT_EQ(escaped(std::string_view("a\0\x1b[1mb\nc", 9)), "a[1mb\nc");
}

TEST(HtmlTest, DataUrisHoldBase64) {
  EXPECT_EQ(data_uri("image/png", ""), "data:image/png;base64,");
  EXPECT_EQ(data_uri("a/b", "f"), "data:a/b;base64,Zg==");
  EXPECT_EQ(data_uri("a/b", "fo"), "data:a/b;base64,Zm8=");
  EXPECT_EQ(data_uri("a/b", "foobar"), "data:a/b;base64,Zm9vYmFy");
  EXPECT_EQ(data_uri("a/b", "\xff\xfe\x00"), "data:a/b;base64,//4=");
}

TEST(HtmlTest, ATableHasHeadersForColumnsAndRows) {
  HtmlTable table("a < b", {"", "run"});
  EXPECT_TRUE(table.empty());
  table.add_row({"loss", "1"});
  const std::string html = table.html();
  EXPECT_NE(html.find("<caption>a &lt; b</caption>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"col\">run</th>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\">loss</th><td>1</td>"), std::string::npos);
}

TEST(HtmlTest, LongTextsAreShortenedByCharacters) {
  EXPECT_EQ(shortened("happy", 5), "happy");
  EXPECT_EQ(shortened("happiness", 5), "happ…");
  EXPECT_EQ(shortened("mouth pulled 12", 8, 2), "mouth…12");
  EXPECT_EQ(shortened("größer als groß", 6), "größe…");
  EXPECT_EQ(shortened("größe", 5), "größe");
  EXPECT_EQ(shortened("größer als groß", 6, 2), "grö…oß");
}

}  // namespace
}  // namespace mien
