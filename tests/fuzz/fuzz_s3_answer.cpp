// A fuzzer of what S3 services answer: its input is a body, or a header. Whatever it is, nothing may crash, what is told for people must be
// printable and bounded, and what was read as a list must be read back from the same list written otherwise.
#include "support/exact.hpp"

#include <lake/detail/http_date.hpp>
#include <lake/detail/s3_answer.hpp>
#include <lake/detail/s3_verdict.hpp>
#include <lake/pure/percent.hpp>
#include <lake/pure/utf8.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using lake::detail::http_answer;
using lake::detail::s3_listing;
using lake::detail::xml_reader;
using lake_test::exact;

[[noreturn]] void fail(const char* what, std::string_view input) {
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(input.size()), input.data());
  std::abort();
}

bool printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
}

/// What can stand in a text of XML as entities, though some of it only by grace.
bool writable(std::string_view text) { return text.find('\0') == std::string_view::npos && lake::pure::utf8_error_offset(text) == std::string_view::npos; }

/// Walks into every element; none is tried as a text.
void walk(xml_reader& in) {
  while (in.next_child()) walk(in);
}

/// Whatever is well formed to one who enters every element is so to one who skips the root.
void check_walks(std::string_view input) {
  xml_reader entering(input);
  walk(entering);
  xml_reader skipping(input);
  while (skipping.next_child()) skipping.skip();
  if (!entering.failed() && skipping.failed()) fail("what can be entered cannot be skipped", input);
  for (const xml_reader* one : {&entering, &skipping}) {
    if (one->failed() && (one->offset() > input.size() || one->reason().empty())) fail("a failure without a place", input);
  }
}

/// A text is read back from what it was escaped to.
void check_escape(std::string_view input) {
  const std::string xml = "<a>" + lake::detail::xml_escape(input) + "</a>";
  xml_reader in(xml);
  std::string back;
  while (in.next_child()) back = in.text();
  if (in.failed() == writable(input) || (!in.failed() && back != input)) fail("an escaped text is not read back", input);
  if (lake::detail::xml_can_hold(input) && !writable(input)) fail("XML is said to hold what it cannot", input);
}

std::string written(const s3_listing& listing, bool encoded) {
  std::string out = "<ListBucketResult>";
  for (const lake::object_info& one : listing.objects) {
    const auto reserved = [](char c) { return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == ' '); };
    std::string key;
    if (encoded) lake::pure::append_percent(key, one.key, reserved);
    else key = lake::detail::xml_escape(one.key);
    if (encoded) std::replace(key.begin(), key.end(), ' ', '+');
    out += "<Contents><Size>" + std::to_string(one.bytes) + "</Size><Key>" + key + "</Key></Contents>";
  }
  if (encoded) out += "<EncodingType>url</EncodingType>";
  out += "<NextContinuationToken>" + lake::detail::xml_escape(listing.next) + "</NextContinuationToken>";
  return out + "<IsTruncated>" + (listing.truncated ? "true" : "false") + "</IsTruncated></ListBucketResult>";
}

void check_listing(std::string_view input) {
  const auto listing = lake::detail::read_listing(input);
  if (!listing) {
    if (!printable(listing.error().message)) fail("a mistake is not printable", input);
    return;
  }
  const auto same = [](const lake::object_info& one, const lake::object_info& other) { return one.key == other.key && one.bytes == other.bytes; };
  const bool plain = std::all_of(listing->objects.begin(), listing->objects.end(), [](const lake::object_info& one) { return writable(one.key); });
  for (const bool encoded : {true, false}) {
    if (!encoded && !plain) continue;
    const auto again = lake::detail::read_listing(written(*listing, encoded));
    if (!again || again->truncated != listing->truncated || again->next != listing->next ||
        !std::equal(again->objects.begin(), again->objects.end(), listing->objects.begin(), listing->objects.end(), same)) {
      fail("a listing is not read back", input);
    }
  }
}

void check_others(std::string_view input) {
  static_cast<void>(lake::detail::read_completed(input));  // error or result
  const auto id = lake::detail::read_upload_id(input);
  if (id && id->empty()) fail("an upload without a name", input);
  const auto deleted = lake::detail::read_deleted(input);
  if (!deleted) return;
  std::vector<std::string> keys;
  for (const auto& one : *deleted) keys.push_back(one.key);
  std::string again = "<DeleteResult>";
  for (const std::string& key : keys) again += "<Error><Key>" + lake::detail::xml_escape(key) + "</Key></Error>";
  const auto back = lake::detail::read_deleted(again + "</DeleteResult>");
  if (!back || back->size() != keys.size()) fail("deletions are not read back", input);
}

void check_problem(std::string_view input) {
  for (const int status : {200, 301, 400, 403, 404, 409, 503}) {
    http_answer answer;
    answer.status = status;
    answer.body = input;
    const auto problem = status == 200 ? lake::detail::problem_in_success(answer) : lake::detail::read_problem(answer);
    const lake::error error = lake::detail::s3_error("storage.get", "bucket", "key", answer, problem);
    if (!printable(error.to_string()) || error.to_string().size() > 2'000) fail("an error is not printable, or too long", input);
    if (lake::detail::tells_signature(error.message)) fail("an error tells what was signed", input);
    if (lake::detail::judge(answer, problem.code) == lake::detail::s3_verdict::done && status != 200) fail("a refusal is taken for a success", input);
    static_cast<void>(lake::detail::surely_not_applied(answer, problem.code));
  }
  const bool document = lake::detail::is_error_document(input);
  http_answer success;
  success.status = 200;
  success.body = input;
  if (document == lake::detail::problem_in_success(success).code.empty()) fail("an error in a success is overlooked, or made up", input);
}

void check_headers(std::string_view input) {
  http_answer answer;
  answer.status = 503;
  for (const char* name : {"retry-after", "x-amz-retry-after", "date", "x-amz-error-message", "x-amz-error-code", "x-amz-request-id"})
    answer.headers.push_back({name, std::string(input)});
  const auto wait = lake::detail::retry_after(answer, std::chrono::system_clock::time_point{});
  if (wait && (*wait < std::chrono::milliseconds{0} || *wait > lake::detail::longest_retry_after)) fail("a wait out of bounds", input);
  if (!printable(lake::detail::s3_error("storage.get", "bucket", "key", answer, lake::detail::read_problem(answer)).to_string()))
    fail("an error is not printable", input);
  static_cast<void>(lake::detail::bare_tag(input));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const exact room(std::string_view(reinterpret_cast<const char*>(data), size));
  check_walks(room.view());
  check_escape(room.view());
  check_listing(room.view());
  check_others(room.view());
  check_problem(room.view());
  check_headers(room.view());
  return 0;
}
