// The checks by vector instructions against the plain one, which names every fault: the same answer on every level, for texts of all
// kinds and everything that is done to them; and never a byte read that is not the text's.
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/guarded.hpp"

#include <lake/merge/validate.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;
namespace detail = lake::merge::detail;
using detail::findings;
using detail::simd;
using detail::strictness;

const std::vector<simd>& wide_levels() {
  static const std::vector<simd> all = [] {
    std::vector<simd> out;
    for (const simd level : {simd::avx2, simd::avx512}) {
      if (level <= detail::widest_simd()) out.push_back(level);
    }
    return out;
  }();
  return all;
}

findings plain(std::string_view json, strictness how, std::size_t max_depth) {
  switch (how) {
    case strictness::grammar: return detail::check_grammar(json, max_depth, simd::portable);
    case strictness::strict: return detail::check_strictly(json, max_depth, simd::portable);
    case strictness::unique: break;
  }
  return detail::check_unique(json, max_depth, simd::portable);
}

bool passes(std::string_view json, strictness how, std::size_t max_depth, simd level, std::size_t& height) {
  switch (how) {
    case strictness::grammar: return detail::passes_wide<strictness::grammar>(json, max_depth, level, height);
    case strictness::strict: return detail::passes_wide<strictness::strict>(json, max_depth, level, height);
    case strictness::unique: break;
  }
  return detail::passes_wide<strictness::unique>(json, max_depth, level, height);
}

/// True if every wide check says of `json` what the plain one says. With `certain`, one that leaves a good text to the plain check is wrong too.
bool right(std::string_view json, strictness how, std::size_t max_depth = 1000, bool certain = true) {
  const findings wanted = plain(json, how, max_depth);
  for (const simd level : wide_levels()) {
    std::size_t height = 0;
    const bool passed = passes(json, how, max_depth, level, height);
    if (passed && (wanted.reason != nullptr || height != wanted.height)) return false;
    if (!passed && certain && wanted.reason == nullptr && json.size() >= detail::least_wide_bytes) return false;
  }
  return true;
}

/// Calls `use` with every text of up to `most` of the `pieces`.
template <class Use>
void for_all(const std::vector<std::string>& pieces, std::size_t most, Use use) {
  std::vector<std::string> now = {""};
  for (std::size_t length = 1; length <= most; ++length) {
    std::vector<std::string> next;
    for (const std::string& text : now) {
      for (const std::string& piece : pieces) next.push_back(text + piece);
    }
    for (std::size_t i = 0; i < next.size(); ++i) use(next[i], i);
    now.swap(next);
  }
}

/// An opening bracket and so many spaces that what follows lies across two blocks of 64 bytes.
std::string before_the_edge(std::size_t i) { return "[" + std::string(50 + i % 14, ' '); }

/// Texts with everything that JSON has, and more of what is rare than others write.
class writer {
 public:
  explicit writer(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  std::uint64_t bits() { return random_(); }

  std::string value(int depth) {
    static const std::vector<std::string> words = {"true", "false", "null", "[]", "{ }"};
    std::string out = space();
    const std::size_t kind = below(depth > 0 ? 10 : 5);
    if (kind < 2) out += string(10);
    else if (kind < 4) out += number();
    else if (kind == 4) out += words[below(words.size())];
    else out += container(kind < 7, depth);
    return out + space();
  }

 private:
  std::string space() {
    if (below(200) == 0) return std::string(below(200), ' ');
    std::string out;
    if (below(4) == 0) {
      for (std::size_t i = below(5); i > 0; --i) out += " \n\r\t"[below(4)];
    }
    return out;
  }

  std::string container(bool array, int depth) {
    std::string out(1, array ? '[' : '{');
    const std::size_t count = below(below(20) == 0 ? 60 : 6);
    for (std::size_t i = 0; i < count; ++i) {
      if (i != 0) out += ',';
      if (!array) out += space() + string(3) + space() + ":";
      out += value(depth - 1);
    }
    return out + space() + (array ? "]" : "}");
  }

  std::string string(std::size_t most) {
    static const std::vector<std::string> pieces = {
        "\\\"",   "\\\\", "\\/", "\\n",          "\\u00e9",      "\\u0041",          "\\ud83d\\ude00", "\\uDBFF\\uDFFF",
        "é",      "中",   "😀",   "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "\xE0\xA0\x80",   "\xF0\x90\x80\x80",
        "{}[]:,", "a",    "b",   "\x7f"};
    std::string out = "\"";
    for (std::size_t i = below(below(12) == 0 ? 100 : most); i > 0; --i) out += below(3) == 0 ? pieces[below(pieces.size())] : "x";
    return out + "\"";
  }

  std::string digits(std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('0' + below(10));
    return out;
  }
  std::string number() {
    std::string out = below(3) == 0 ? "-" : "";
    out += below(4) == 0 ? "0"s : std::string(1, static_cast<char>('1' + below(9))) + digits(below(below(20) == 0 ? 400 : 12));
    if (below(3) == 0) out += "." + digits(1 + below(below(20) == 0 ? 400 : 10));
    if (below(4) == 0) {
      out += "eE"[below(2)];
      if (below(2) == 0) out += "+-"[below(2)];
      out += digits(1 + below(below(10) == 0 ? 6 : 3));
    }
    return out;
  }

  std::mt19937_64 random_;
};

void damage(std::string& text, writer& random) {
  static const std::string bytes =
      "{}[]:,\"\\ \n\t09.-+eEtrufalsn1x/u8d\x7f\x1f\x0c\x1a\x80\xc0\xc1\xe0\xed\xf0\xf4\xf5\xbf\xff\xa0\x9f"s + '\0';
  if (text.empty()) return;
  const std::size_t at = random.below(text.size());
  switch (random.below(8)) {
    case 0:
    case 1: text[at] = bytes[random.below(bytes.size())]; break;
    case 2: text.erase(at, 1 + random.below(3)); break;
    case 3: text.insert(at, 1, bytes[random.below(bytes.size())]); break;
    case 4: text.insert(at, text.substr(random.below(text.size()), random.below(20))); break;
    case 5: text.resize(at); break;
    case 6: std::swap(text[at], text[random.below(text.size())]); break;
    default: text[at] = static_cast<char>(text[at] ^ (1 << random.below(8))); break;
  }
}

/// Texts that others wrote: values out of large documents, and a suite of small ones.
std::vector<std::string> texts_of_others(writer& random) {
  std::vector<std::string> out;
  const std::filesystem::path documents = lake_test::data_folder() / "json-docs";
  if (std::filesystem::exists(documents)) {
    for (const auto& file : std::filesystem::directory_iterator(documents)) {
      if (file.path().extension() != ".json") continue;
      const std::string whole = lake_test::file_bytes(file.path());
      for (int i = 0; i < 40; ++i) {
        const std::size_t at = whole.find_first_of("{[", random.below(whole.size()));
        const std::size_t end = at == std::string::npos ? at : detail::value_end(whole, at);
        if (end != std::string::npos && end - at < 4000) out.push_back(whole.substr(at, end - at));
      }
    }
  }
  const std::filesystem::path suite = lake_test::data_folder() / "json-conformance" / "JSONTestSuite" / "test_parsing";
  if (std::filesystem::exists(suite)) {
    for (const auto& file : std::filesystem::directory_iterator(suite)) {
      if (file.file_size() < 4000) out.push_back(lake_test::file_bytes(file.path()));
    }
  }
  return out;
}

constexpr strictness all_kinds[] = {strictness::grammar, strictness::strict, strictness::unique};

}  // namespace

TEST_CASE("wide and plain checks agree on every short order of tokens") {
  for_all({"{ ", "} ", "[ ", "] ", ": ", ", ", "\"a\" ", "1 ", "\"b\" ", "null "}, 5, [](const std::string& text, std::size_t) {
    if (!right(text + std::string(40, ' '), strictness::unique)) FAIL_CHECK(text);
    if (text.size() < 10 && !right("[{\"k\": " + text + ", \"l\" :{}} ]" + std::string(30, ' '), strictness::unique)) FAIL_CHECK(text);
  });
}

TEST_CASE("wide and plain checks agree on every short number, word and string") {
  for_all({"0", "1", "-", ".", "e", "+"}, 5, [](const std::string& text, std::size_t i) {
    if (!right(before_the_edge(i) + text + "]  ", strictness::strict)) FAIL_CHECK(text);
    if (!right(before_the_edge(i) + "1.5," + text + ",2e1,3]", strictness::strict)) FAIL_CHECK(text);
  });
  for_all({"t", "r", "u", "f", "a", "l", "s", "e", "n", "1", ","}, 3, [](const std::string& text, std::size_t i) {
    for (const std::string word : {"", "t", "fa", "nul", "true", "false", "null"}) {
      if (!right(before_the_edge(i) + word + text + "]     ", strictness::strict)) FAIL_CHECK(word + text);
    }
  });
  for_all({"\\", "u", "d8", "dc", "00", "\"", "n", "\xc3", "\xa9", "\xed", "\xa0", "\xf0", "\x90", "\x80", "z"}, 3,
          [](const std::string& text, std::size_t i) {
            for (const strictness how : {strictness::grammar, strictness::strict}) {
              if (!right(before_the_edge(i) + "\"" + text + "\"]   ", how)) FAIL_CHECK(text);
              if (!right(before_the_edge(i) + "\"\\ud83d" + text + "\"]", how)) FAIL_CHECK(text);
              if (!right(before_the_edge(i) + "\"" + text + "\\udc3d\",\"\"]", how)) FAIL_CHECK(text);
            }
          });
}

TEST_CASE("wide and plain checks agree on random texts and on damaged ones") {
  const std::uint64_t seed = std::random_device{}();
  std::printf("merge_validate_wide: seed %llu\n", static_cast<unsigned long long>(seed));
  CAPTURE(seed);
  writer random(seed);
  const std::vector<std::string> others = texts_of_others(random);
  const std::size_t count = std::getenv("LAKE_FULL") != nullptr ? 200000 : 4000;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = others.empty() || random.below(2) == 0 ? random.value(4) : others[random.below(others.size())];
    if (random.below(3) == 0) text.insert(0, random.below(130), ' ');
    if (random.below(2) == 0) {
      for (std::size_t n = 1 + random.below(3); n > 0; --n) damage(text, random);
    }
    const std::size_t max_depth = random.below(3) == 0 ? random.below(12) : 1000;
    for (const strictness how : all_kinds) {
      if (!right(text, how, max_depth, false)) FAIL_CHECK("how " << static_cast<int>(how) << ", depth " << max_depth << ": " << text);
    }
  }
}

TEST_CASE("the wide checks pass large documents without help, whole and compact") {
  const std::filesystem::path folder = lake_test::data_folder() / "json-docs";
  if (!std::filesystem::exists(folder)) LAKE_SKIP("the large documents are absent");
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    CAPTURE(file.path().filename().string());
    const std::string text = lake_test::file_bytes(file.path());
    for (const strictness how : all_kinds) CHECK(right(text, how));
  }
}

TEST_CASE("no check reads a byte outside the text, wherever the text is cut") {
  lake_test::guarded memory(4096);
  const std::string text =
      R"({"name":"café 中 😀","n":[-12.5e+10,0,1E400,true,false,null],"\u0061\ud83d\ude00":"\\\"\/","a":{"b":[{}, [ ]]},)"
      R"( "a rather long key, of more than thirty-two bytes":"and a value that is longer than a block of sixty-four bytes, so that it has an edge inside",)"
      R"("x":123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890,"y":"end"})";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string_view cut = std::string_view(text).substr(0, size);
    for (const strictness how : all_kinds) {
      CHECK(right(memory.at_end(cut), how));
      CHECK(right(memory.at_start(cut), how));
      CHECK(right(memory.at_end(std::string_view(text).substr(size)), how));
    }
  }
  const std::string keys = R"([{"a":1,"bb":2,"ccc":3,"dddddddd":4,"eeeeeeeeeeeeeeee":5,"ffffffffffffffffffffffffffffffff":6,"g":7},)";
  for (std::size_t size = 1; size < 40; ++size)
    CHECK(right(memory.at_end(keys + "{\"" + std::string(size, 'k') + "\":1}]"), strictness::unique));
}

TEST_CASE("every depth has its height, and one level too many is refused") {
  for (const std::size_t depth : {1u, 63u, 64u, 65u, 128u, 129u, 192u, 300u}) {
    CAPTURE(depth);
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += i % 3 == 0 ? "[[],{}," : "{\"a\":[],\"k\":";
    text += "1";
    for (std::size_t i = depth; i > 0; --i) text += (i - 1) % 3 == 0 ? "]" : "}";
    text += std::string(32, ' ');
    CHECK(detail::check_strictly(text, 1000).reason == nullptr);
    for (const strictness how : all_kinds) {
      CHECK(right(text, how));
      CHECK(right(text, how, depth));
      CHECK(right(text, how, depth - 1));
      for (std::size_t i = 0; i < text.size(); i += 7) {
        std::string wrong = text;
        if (wrong[i] == ']' || wrong[i] == '}') wrong[i] = wrong[i] == ']' ? '}' : ']';
        if (!right(wrong, how)) FAIL_CHECK(i);
      }
    }
  }
}

TEST_CASE("equal keys are found and others are not suspected, however many keys there are and however they are written") {
  for (const std::size_t count : {2u, 6u, 7u, 30u, 255u, 256u, 257u, 5000u}) {
    for (const std::string prefix :
         {"", "k", "a prefix of seventeen", "a prefix that has more than thirty-two bytes, and more than that", "é\\n"}) {
      CAPTURE(count, prefix);
      std::string text = "[{\"" + prefix + "0\":{}";
      for (std::size_t i = 1; i < count; ++i)
        text += ",\"" + prefix + std::to_string(i) + "\" :{\"" + prefix + std::to_string(i) + "\":[]}";
      const std::string last = text + "}, {\"" + prefix + "0\":1}]" + std::string(30, ' ');
      CHECK(right(last, strictness::unique));
      CHECK(detail::check_unique(last, 1000).reason == nullptr);
      const std::string twice = text + ",\"" + prefix + "\\u0030\":1}]" + std::string(30, ' ');
      CHECK(right(twice, strictness::unique));
      CHECK(detail::check_unique(twice, 1000).offset == text.size() + 1);
    }
  }
}

TEST_CASE("hashes that were chosen to collide cost no more than a suspicion") {
  detail::key_pile pile;
  for (const std::size_t count : {100u, 20000u}) {
    std::vector<std::uint64_t> hashes;
    for (std::size_t i = 0; i < count + 3; ++i) hashes.push_back((i << 32) + 77);
    pile.open_object();
    pile.add(hashes.data(), 1);
    pile.open_object();
    pile.add(hashes.data(), count);
    CHECK(pile.close_object());
    CHECK_FALSE(pile.close_object());
  }
}

TEST_CASE("texts that were made to be walked over again and again are not") {
  const auto repeated = [](std::string_view piece) {
    std::string out = "[";
    while (out.size() < 300000) out += piece;
    return out;
  };
  const std::string digits(200, '1');
  for (const std::string& piece : {"1e111"s, digits + ".", digits + "e", digits + "e1" + digits, "1e" + digits, digits + ",", "1e300,"s,
                                   "\"\\u0061\","s, "{\"a\\n\":1},"s}) {
    CAPTURE(piece);
    const std::string text = repeated(piece) + "0]";
    for (const strictness how : all_kinds) CHECK(right(text, how));
  }
}
