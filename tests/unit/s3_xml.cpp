// The pull reader for the XML of S3 services: what it reads, what it passes over, and what it refuses with a reason and a place.
#include "support/catch.hpp"
#include "support/exact.hpp"

#include <lake/detail/s3_xml.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using lake::detail::xml_reader;
using lake_test::exact;

/// The text of the root; a mistake in words.
std::string root_text(std::string_view xml) {
  const exact room(xml);
  xml_reader in(room.view());
  std::string out;
  while (in.next_child()) out = in.text();
  return in.failed() ? "failed: " + std::string(in.reason()) : out;
}

/// Everything in the element just entered, as name(…): a leaf is tried as a text first by a copy of the reader.
std::string tree_of(xml_reader& in) {
  std::string out(in.name());
  xml_reader ahead = in;
  if (const std::string_view text = ahead.text(); !ahead.failed()) {
    out += "=" + std::string(text);
    in.skip();
    return out;
  }
  out += '(';
  while (in.next_child()) out += tree_of(in) + ";";
  return out + ")";
}

std::string tree_of(std::string_view xml) {
  const exact room(xml);
  xml_reader in(room.view());
  std::string out;
  while (in.next_child()) out += tree_of(in);
  return in.failed() ? "failed at " + std::to_string(in.offset()) + ": " + std::string(in.reason()) : out;
}

}  // namespace

TEST_CASE("Elements are entered in order, with their texts") {
  CHECK(tree_of("<a><b>1</b><c><d>x y</d><d/></c><e></e></a>") == "a(b=1;c(d=x y;d=;);e=;)");
  CHECK(tree_of("<a/>") == "a=");
  CHECK(tree_of("<a>text</a>") == "a=text");
}

TEST_CASE("Declarations, comments, instructions, white space and a byte order mark are passed over") {
  CHECK(tree_of("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- <x> -->\r\n<a>\t<?p <x> ?><b>1</b><!----> </a>\n<!-- end --> ") == "a(b=1;)");
  CHECK(tree_of(" \n <?xml version='1.0'?><a/>") == "a=");
}

TEST_CASE("Attributes are passed over, whatever their values hold") {
  CHECK(tree_of("<a xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><b x='1>2' y = \"/>\"  >1</b><c z=\"'\"/></a>") == "a(b=1;c=;)");
}

TEST_CASE("Prefixes of names are passed over") {
  CHECK(tree_of("<s3:a xmlns:s3=\"urn:x\"><s3:b>1</s3:b><b>2</b></s3:a>") == "a(b=1;b=2;)");
}

TEST_CASE("Entities are what they stand for") {
  CHECK(root_text("<a>&lt;&gt;&amp;&quot;&apos;</a>") == "<>&\"'");
  CHECK(root_text("<a>a&amp;b</a>") == "a&b");
  CHECK(root_text("<a>&amp;amp;</a>") == "&amp;");
  CHECK(root_text("<a>&#65;&#x42;&#x0d;&#10;&#7;</a>") == "AB\r\n\a");
  CHECK(root_text("<a>&#xE9;&#x20AC;&#128512;&#x10FFFF;</a>") == "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF");
  CHECK(root_text("<a>&#x00010FfFf;</a>") == "failed: an entity without end");
}

TEST_CASE("An entity that is none is refused") {
  for (const char* wrong : {"&nbsp;", "&;", "&#;", "&#x;", "&#0;", "&#x110000;", "&#xD800;", "&#xDFFF;", "&#-1;", "&#+1;", "&#1a;", "&#99999999;", "&LT;"}) {
    INFO(wrong);
    CHECK(root_text("<a>" + std::string(wrong) + "</a>") == "failed: an unknown entity");
  }
  for (const char* wrong : {"&", "&lt", "& ", "&#x00000000041;"}) {
    INFO(wrong);
    CHECK(root_text("<a>" + std::string(wrong) + "</a>") == "failed: an entity without end");
  }
}

TEST_CASE("A text in pieces is put together") {
  CHECK(root_text("<a>1<!-- x -->2<![CDATA[<3>&amp;]]>4&amp;5<?p?>6</a>") == "12<3>&amp;4&56");
  CHECK(root_text("<a><![CDATA[]]></a>").empty());
  CHECK(root_text("<a><![CDATA[x]]></a>") == "x");
  CHECK(root_text("<a>&amp;<![CDATA[x]]>y</a>") == "&xy");
}

TEST_CASE("Line ends, control characters and white space of a text stay as they are") {
  CHECK(root_text("<a> \t\r\n\x01\x7f </a>") == " \t\r\n\x01\x7f ");
}

TEST_CASE("A text without entities views the document") {
  const std::string xml = "<a>plain</a>";
  xml_reader in(xml);
  REQUIRE(in.next_child());

  CHECK(in.text().data() == xml.data() + 3);
}

TEST_CASE("An element is skipped with all that it holds") {
  const std::string_view xml = "<a><b>t<c><b/>&what;<![CDATA[</b>]]></c><!-- </b> --></b><d>1</d><e/></a>";
  xml_reader in(xml);
  std::vector<std::string> seen;
  while (in.next_child()) {
    while (in.next_child()) {
      seen.emplace_back(in.name());
      in.skip();
    }
  }

  CHECK_FALSE(in.failed());
  CHECK(seen == std::vector<std::string>{"b", "d", "e"});
}

TEST_CASE("What is not well formed is refused, with a reason and the place") {
  struct mistake {
    std::string_view xml;
    std::size_t offset;
    std::string_view reason;  // A part of it.
  };
  const std::vector<mistake> mistakes = {
      {"", 0, "no element"},
      {" <!-- x --> ", 12, "no element"},
      {"x", 0, "text where elements"},
      {"<a/>x", 4, "text where elements"},
      {"<a/><b/>", 6, "a second root"},
      {"<a>", 3, "ends in an element"},
      {"<a><b>1</b>", 11, "ends in an element"},
      {"<a><b>1", 7, "ends in an element"},
      {"<a>x<b/></a>", 3, "text where elements"},
      {"<a><b/><![CDATA[x]]></a>", 20, "text where elements"},
      {"<a></b>", 6, "closes another element"},
      {"<a><b></a></b>", 9, "closes another element"},
      {"<x:a></a>", 8, "closes another element"},
      {"</a>", 3, "closes another element"},
      {"<a></a", 6, "a tag without end"},
      {"<a></a b>", 7, "a tag without end"},
      {"<", 1, "a tag without a name"},
      {"<>", 1, "a tag without a name"},
      {"< a/>", 1, "a tag without a name"},
      {"<1/>", 2, "a tag without a name"},
      {"<a", 2, "attributes or end"},
      {"<a b>", 4, "attributes or end"},
      {"<a b=>", 5, "attributes or end"},
      {"<a b=c>", 5, "attributes or end"},
      {"<a b=\"c>", 5, "attributes or end"},
      {"<a b='<'/>", 5, "attributes or end"},
      {"<a b='1'c='2'/>", 8, "attributes or end"},
      {"<a/", 2, "attributes or end"},
      {"<!-- x", 4, "without end"},
      {"<?xml ", 2, "without end"},
      {"<a><![CDATA[x]]</a>", 12, "without end"},
      {"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", 0, "a declaration"},
      {"<!doctype html><html></html>", 0, "a declaration"},
      {"<a>\xff</a>", 3, "not UTF-8"},
      {"<a>\xc0\x80</a>", 3, "not UTF-8"},
      {std::string_view("<a>\0</a>", 8), 3, "a zero byte"},
  };
  for (const mistake& one : mistakes) {
    const exact room(one.xml);
    xml_reader in(room.view());
    while (in.next_child()) {
      while (in.next_child()) static_cast<void>(in.text());
    }

    INFO(one.xml);
    INFO(in.reason());
    CHECK(in.failed());
    CHECK(in.offset() == one.offset);
    CHECK(in.reason().find(one.reason) != std::string_view::npos);
  }
}

TEST_CASE("An element where a text is expected is refused") { CHECK(root_text("<a>1<b/></a>") == "failed: an element where text is expected"); }

TEST_CASE("Elements in elements without end are refused, however they are read") {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";

  xml_reader walked(deep);
  while (walked.next_child()) {
  }
  CHECK(walked.reason() == "more elements in each other than any answer of S3 has");
  CHECK(walked.offset() == 3 * lake::detail::max_xml_depth + 2);

  xml_reader skipped(deep);
  REQUIRE(skipped.next_child());
  skipped.skip();
  CHECK(skipped.reason() == walked.reason());

  CHECK(tree_of("<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a>").find("failed") ==
        std::string::npos);
}

TEST_CASE("After a failure nothing more is read") {
  xml_reader in("<a><b></c><d>1</d></a>");
  REQUIRE(in.next_child());
  REQUIRE(in.next_child());
  CHECK(in.text().empty());

  CHECK(in.failed());
  CHECK_FALSE(in.next_child());
  CHECK(in.text().empty());
  in.skip();
  CHECK(in.offset() == 9);
}

TEST_CASE("An escaped text is read back as it was") {
  std::string all;
  for (int c = 1; c < 128; ++c) all += static_cast<char>(c);
  all += "\xC3\xA9\xF0\x9F\x98\x80]]>";

  CHECK(root_text("<a>" + lake::detail::xml_escape(all) + "</a>") == all);
  CHECK(lake::detail::xml_escape("a<b>&\"c'\r\n") == "a&lt;b&gt;&amp;&quot;c&apos;&#13;&#10;");
}

TEST_CASE("XML holds every key but those with other control characters or bytes that are not UTF-8") {
  using lake::detail::xml_can_hold;
  CHECK(xml_can_hold(""));
  CHECK(xml_can_hold("a/b c\t\r\n<&\x7f\xC3\xA9\xF0\x9F\x98\x80"));
  CHECK_FALSE(xml_can_hold("bell\x07"));
  CHECK_FALSE(xml_can_hold(std::string_view("a\0b", 3)));
  CHECK_FALSE(xml_can_hold("\xff"));
  CHECK_FALSE(xml_can_hold("\xEF\xBF\xBE"));
  CHECK_FALSE(xml_can_hold("\xEF\xBF\xBF"));
}
