// Puts a recorded index into a server of a test's own. Needs no Catch2.
// Format: commands as arrays of bulk strings, one behind the other (RESP2), as `redis-restore.resp` of the golden data has them.
#ifndef LAKE_TESTS_SUPPORT_REDIS_RESTORE_HPP
#define LAKE_TESTS_SUPPORT_REDIS_RESTORE_HPP

#include "support/data.hpp"
#include "support/redis_server.hpp"
#include "support/redis_talk.hpp"

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace lake_test {

/// Sends all commands of the file on one connection. Throws std::runtime_error where the server refuses one.
inline void restore(const redis_server& server, const std::filesystem::path& file) {
  const std::string resp = file_bytes(file);
  std::size_t at = 0;
  const auto number = [&] {
    const std::size_t end = resp.find("\r\n", at);
    const std::size_t value = std::stoul(resp.substr(at + 1, end - at - 1));
    at = end + 2;
    return value;
  };
  redis_talk talk(server.port(), server.password());
  while (at < resp.size()) {
    std::vector<std::string> words(number());
    for (std::string& word : words) {
      const std::size_t bytes = number();
      word = resp.substr(at, bytes);
      at += bytes + 2;
    }
    const redis_said said = talk.ask(words);
    if (said.failed()) throw std::runtime_error("the server refuses a command of " + file.string() + ": " + said.flat());
  }
}

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_REDIS_RESTORE_HPP
