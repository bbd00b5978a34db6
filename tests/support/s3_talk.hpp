// A plain request to an S3 service, for tests: by the program curl, which signs by itself; nothing of the library under test.
#ifndef LAKE_TESTS_SUPPORT_S3_TALK_HPP
#define LAKE_TESTS_SUPPORT_S3_TALK_HPP

#include "support/folder.hpp"
#include "support/process.hpp"

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace lake_test {

/// Where a service is and who asks it. The keys are letters and digits, the access key may have a ":" besides.
struct s3_account {
  std::string endpoint = {};
  std::string access_key = {};
  std::string secret_key = {};
  std::string region = "us-east-1";
  std::filesystem::path ca_file = {};  ///< Of an https endpoint.
};

/// What came back: 0 where nothing did, then the body is curl's complaint.
struct s3_said {
  int status = 0;
  std::string body = {};
};

/// The command that asks for `target` ("/bucket/key", "/bucket?list-type=2"), signed with the account's keys; each header is "name: value".
/// It writes what comes back to its output: the body, and on a last line the status.
inline std::vector<std::string> s3_command(const s3_account& account, const std::string& method, const std::string& target,
                                           const std::vector<std::string>& headers = {}) {
  std::vector<std::string> out = {program_file("curl").string(), "-q", "--silent", "--show-error", "--max-time", "15", "--noproxy", "*",
                                  "--aws-sigv4", "aws:amz:" + account.region + ":s3", "--write-out", "\n%{http_code}",
                                  "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"};
  if (method == "HEAD") {
    out.emplace_back("--head");
  } else {
    out.insert(out.end(), {"--request", method});
  }
  for (const std::string& each : headers) out.insert(out.end(), {"--header", each});
  if (!account.ca_file.empty()) out.insert(out.end(), {"--cacert", account.ca_file.string()});
  // The keys stand in the URL, where the access key's ":" can be encoded: --user takes the first one for the end of the name.
  std::string user = account.access_key;
  if (const std::size_t colon = user.find(':'); colon != std::string::npos) user.replace(colon, 1, "%3A");
  const std::size_t host = account.endpoint.find("://") + 3;
  out.push_back(account.endpoint.substr(0, host) + user + ":" + account.secret_key + "@" + account.endpoint.substr(host) + target);
  return out;
}

/// Asks by `s3_command` and waits for the answer. Takes as long as a start of curl, some 20 ms.
inline s3_said s3_ask(const s3_account& account, const std::string& method, const std::string& target, std::string_view body = {},
                      const std::vector<std::string>& headers = {}) {
  const scratch_folder folder;
  std::vector<std::string> words = s3_command(account, method, target, headers);
  if (!body.empty()) {
    std::ofstream(folder.path() / "body", std::ios::binary) << body;
    words.insert(words.end(), {"--header", "Content-Type: application/octet-stream", "--data-binary", "@body"});
  }
  child_process(words, {}, folder.path(), folder.path() / "said").wait();

  std::ifstream in(folder.path() / "said", std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(in), {}};
  const std::size_t end = all.rfind('\n');
  if (end == std::string::npos) return {0, all};
  return {std::atoi(all.c_str() + end + 1), all.substr(0, end)};
}

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_S3_TALK_HPP
