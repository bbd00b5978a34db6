#include "documents.hpp"

#include <algorithm>
#include <cstdint>
#include <random>

namespace bench {
namespace {

using random_bits = std::mt19937_64;  // Seeded alike in every run and on every machine.

std::string letters(random_bits& random, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('a' + random() % 26);
  return out;
}

std::string user_name(std::size_t number) {
  const std::string digits = std::to_string(number);
  return "user_" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
}

void append_user(std::string& out, std::size_t number, random_bits& random) {
  out += '"' + user_name(number) + R"(": {"name": ")" + letters(random, 12) + R"(", "email": ")" + letters(random, 8) +
         R"(@example.org", "age": )" + std::to_string(18 + random() % 70) + R"(, "active": true, "score": )" +
         std::to_string(random() % 1000) + R"(.25, "tags": [")" + letters(random, 5) + R"(", ")" + letters(random, 6) + R"("]})";
}

constexpr std::size_t user_bytes = 150;

}  // namespace

std::size_t users_in(std::size_t bytes) { return (std::max)(std::size_t{1}, bytes / user_bytes); }

std::string make_document(std::size_t bytes) {
  random_bits random(1);
  std::string out = "{";
  for (std::size_t i = 0; i < users_in(bytes); ++i) {
    if (i > 0) out += ", ";
    append_user(out, i, random);
  }
  return out + '}';
}

std::vector<change> make_changes(std::size_t count, std::size_t users) {
  random_bits random(2);
  std::vector<change> all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string path = "/" + user_name(random() % users);
    const std::string number = std::to_string(random() % 100);
    if (i % 3 == 0) {
      all.push_back({lake::merge_type::replace, path + "/name", '"' + letters(random, 12) + '"'});
    } else if (i % 3 == 1) {
      all.push_back(
          {lake::merge_type::rfc7396, path, R"({"age": )" + number + R"(, "city": ")" + letters(random, 8) + R"(", "score": null})"});
    } else {
      all.push_back({lake::merge_type::rfc6902, path,
                     R"([{"op": "replace", "path": "/age", "value": )" + number + R"(}, {"op": "add", "path": "/tags/-", "value": ")" +
                         letters(random, 5) + R"("}])"});
    }
  }
  return all;
}

std::vector<std::string> make_small_bodies(std::size_t count) {
  random_bits random(3);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    std::string body = R"({"id": )" + std::to_string(100000 + random() % 900000) + R"(, "active": false, "name": ")";
    const std::size_t bytes = 64 + random() % 137;
    body += letters(random, bytes - body.size() - 2) + "\"}";
    all.push_back(std::move(body));
  }
  return all;
}

}  // namespace bench
