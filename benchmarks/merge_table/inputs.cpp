#include "inputs.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <numeric>
#include <random>
#include <stdexcept>

namespace merge_table {
namespace {

using lake::merge_type;
using random_bits = std::mt19937_64;  // Seeded alike in every run and on every machine.

std::string letters(random_bits& random, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('a' + random() % 26);
  return out;
}

std::string digits(random_bits& random, std::size_t count) {
  std::string out(1, static_cast<char>('1' + random() % 9));
  for (std::size_t i = 1; i < count; ++i) out += static_cast<char>('0' + random() % 10);
  return out;
}

/// A text whose {} are the parts, in turn.
template <class... Parts>
std::string fill(std::string_view pattern, const Parts&... parts) {
  const std::array<std::string_view, sizeof...(Parts)> all{parts...};
  std::string out;
  std::size_t next = 0;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '{' && pattern.substr(at, 2) == "{}" && next < all.size()) {
      out += all[next++];
      ++at;
    } else {
      out += pattern[at];
    }
  }
  return out;
}

constexpr std::size_t section_records = 100;
constexpr std::size_t record_bytes = 237;  // With its key and comma.
constexpr std::string_view head = R"({"meta":{"version":3,"source":"lake"},"data":{)";
constexpr std::string_view tail = R"(},"tail":[1,2,3]})";

std::size_t records_in(std::size_t bytes) {
  return (std::max)(std::size_t{1}, (bytes - head.size() - tail.size() + record_bytes / 2) / record_bytes);
}

std::string place_of(std::size_t record) {
  return "/data/sec" + std::to_string(record / section_records) + "/rec" + std::to_string(record % section_records);
}

std::string make_record(random_bits& random) {
  return fill(
      R"({"id":{},"name":"{}","email":"{}@example.org","status":"{}","score":{}.25,"tags":["{}","{}"],"address":{"city":"{}","street":"{}","zip":"{}"},"created":"2023-11-14T22:13:{}Z"})",
      digits(random, 8), letters(random, 12), letters(random, 10), letters(random, 6), digits(random, 3), letters(random, 5),
      letters(random, 7), letters(random, 9), letters(random, 6), digits(random, 5), std::to_string(10 + random() % 50));
}

/// A number below `count` that has no divisor in common with it: its multiples visit all, far from each other.
std::size_t stride_of(std::size_t count) {
  std::size_t stride = (std::max)(std::size_t{1}, count * 618 / 1000);
  while (std::gcd(stride, count) != 1) ++stride;
  return stride;
}

/// The number'th delta: at a record, and with names that end in `mark`.
change make_change(std::size_t number, const std::string& record, const std::string& mark, random_bits& random) {
  if (number % 3 == 0) {
    const std::string field = mark.empty() ? "/score" : "/score" + mark;
    return {merge_type::replace, record + field, number % 2 == 0 ? digits(random, 5) : '"' + letters(random, 10) + '"'};
  }
  if (number % 3 == 1) {
    return {merge_type::rfc7396, record,
            fill(R"({"name{}":"{}","level{}":{},"email{}":null,"active{}":true,"audit{}":{"by":"{}","at":{}}})", mark, letters(random, 10),
                 mark, digits(random, 2), mark, mark, mark, letters(random, 5), digits(random, 5))};
  }
  return {merge_type::rfc6902, record,
          fill(R"([{"op":"replace","path":"/status","value":"{}"},{"op":"add","path":"/seen{}/last","value":{}}])", letters(random, 7),
               mark, digits(random, 5))};
}

std::string five_digits(std::size_t number) {
  const std::string plain = std::to_string(number);
  return std::string(plain.size() < 5 ? 5 - plain.size() : 0, '0') + plain;
}

std::string numbers(std::size_t count) {
  std::string out = "[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    out += std::to_string(i);
  }
  return out + ']';
}

/// The operations in deltas of `per_delta` each.
std::vector<change> patches(const std::string& path, const std::vector<std::string>& operations, std::size_t per_delta) {
  std::vector<change> all;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i % per_delta == 0) all.push_back({merge_type::rfc6902, path, "["});
    std::string& body = all.back().body;
    if (body.size() > 1) body += ',';
    body += operations[i];
    if ((i + 1) % per_delta == 0 || i + 1 == operations.size()) body += ']';
  }
  return all;
}

}  // namespace

std::string make_base(std::size_t bytes) {
  random_bits random(1);
  std::string out(head);
  for (std::size_t i = 0; i < records_in(bytes); ++i) {
    if (i % section_records == 0) out += (i == 0 ? R"("sec)" : R"(},"sec)") + std::to_string(i / section_records) + R"(":{)";
    else out += ',';
    out += R"("rec)" + std::to_string(i % section_records) + R"(":)" + make_record(random);
  }
  out += '}';
  return out.append(tail);
}

task make_task(std::size_t bytes, std::size_t count) {
  random_bits random(2);
  const std::size_t records = records_in(bytes);
  const std::size_t stride = stride_of(records);
  std::vector<change> changes;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string mark = i < records ? std::string() : std::to_string(i / records);
    // From round to round the records get other kinds of deltas.
    const std::size_t record = (i + i / records) % records * stride % records;
    changes.push_back(make_change(i, place_of(record), mark, random));
  }
  return {make_base(bytes), std::move(changes)};
}

task make_wide(std::size_t keys, std::size_t count) {
  random_bits random(3);
  std::string out = "{";
  for (std::size_t i = 0; i < keys; ++i) out += fill(R"({}"k{}":{})", i == 0 ? "" : ",", five_digits(i), digits(random, 5));
  std::vector<change> changes;
  const std::size_t stride = stride_of(keys);
  for (std::size_t i = 0; i < count; ++i) {
    changes.push_back({merge_type::replace, "/k" + five_digits((i * stride + keys / 2) % keys), digits(random, 5)});
  }
  return {out + '}', std::move(changes)};
}

task make_nested(std::size_t bytes) {
  constexpr std::size_t levels = 8;
  std::string out;
  std::string path;
  std::vector<change> changes;
  for (std::size_t i = 0; i < levels; ++i) {
    out += R"({"before":1,"in":)";
    changes.push_back({merge_type::replace, path + "/after", "3"});
    path += "/in";
  }
  out += make_base(bytes);
  changes.push_back({merge_type::replace, path + "/data/sec0/rec0/score", "3"});
  for (std::size_t i = 0; i < levels; ++i) out += R"(,"after":2})";
  return {std::move(out), std::move(changes)};
}

task make_bottom(std::size_t bytes) { return {make_base(bytes), {{merge_type::replace, "/data/sec0/rec0/score", "3"}}}; }

task make_long_string(std::size_t bytes, std::string_view pair) {
  std::string out = R"({"text":")";
  for (std::size_t i = 0; i < bytes / pair.size(); ++i) out += pair;
  return {out + R"(","number":1})", {{merge_type::replace, "/number", "2"}}};
}

task make_append(std::size_t elements) {
  return {R"({"items":)" + numbers(elements) + "}", patches("/items", {R"({"op":"add","path":"/-","value":7})"}, 1)};
}

task make_inserts(std::size_t elements, std::size_t count, place where, std::size_t per_delta) {
  random_bits random(4);
  std::vector<std::string> operations;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = where == place::head ? 0 : random() % elements;
    operations.push_back(R"({"op":"add","path":"/)" + std::to_string(at) + R"(","value":)" + std::to_string(i) + '}');
  }
  return {R"({"items":)" + numbers(elements) + "}", patches("/items", operations, per_delta)};
}

task make_moves(std::size_t bytes, std::size_t count, edits where, std::size_t per_delta) {
  random_bits random(5);
  const std::size_t records = records_in(bytes);
  const std::size_t stride = stride_of(records);
  std::vector<std::string> operations;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string from = i % 2 == 0 ? "/a" : "/b";
    const std::string to = i % 2 == 0 ? "/b" : "/a";
    const std::string place = to + place_of(where == edits::spread ? i * stride % records : 0) + "/score";
    // The comma makes two operations of one entry: a move and its edit are never parted.
    operations.push_back(R"({"op":"move","from":")" + from + R"(","path":")" + to + R"("},{"op":"replace","path":")" + place +
                         R"(","value":)" + digits(random, 5) + '}');
  }
  return {R"({"a":)" + make_base(bytes) + R"(,"number":1})", patches("/", operations, per_delta)};
}

std::vector<real_document> read_documents(const std::filesystem::path& folder) {
  std::vector<real_document> all;
  for (const std::string name :
       {"twitter", "citm_catalog", "canada", "update-center", "twitterescaped", "github_events", "apache_builds"}) {
    std::ifstream in(folder / (name + ".json"), std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + (folder / (name + ".json")).string());
    all.push_back({name, std::string(std::istreambuf_iterator<char>(in), {})});
  }
  return all;
}

}  // namespace merge_table
