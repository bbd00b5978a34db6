// How a client talks to an S3 service: where it is, who the caller is, and the bounds of its patience. Plain data; knows no connection.
#ifndef LAKE_CORE_S3_OPTIONS_HPP
#define LAKE_CORE_S3_OPTIONS_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/executor.hpp>
#include <lake/core/random.hpp>
#include <lake/core/result.hpp>
#include <lake/core/storage_kind.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Who signs. Never printed; whoever keeps one wipes it (detail/s3_credentials.hpp).
struct s3_credentials {
  std::string access_key = {};
  std::string secret_key = {};
  std::string session_token = {};  ///< Of temporary credentials; empty: none.
  /// When the service stops taking them; nothing: never. A provider is asked again two minutes before.
  std::optional<std::chrono::system_clock::time_point> expires = {};
};

/// Gives credentials, for instance those of a machine's role. Called at first use and before they expire, by one thread at a time.
using s3_credentials_provider = std::function<result<s3_credentials>()>;

/// How an object is created only where none is.
enum class s3_create : std::uint8_t {
  automatic,  ///< `header` at Aliyun's endpoints, elsewhere `atomic`.
  atomic,     ///< By `If-None-Match: *` (AWS, Ceph, MinIO, R2): of several creators the service lets one win.
  header,     ///< By Aliyun's `x-oss-forbid-overwrite: true`: the same promise.
  checked,    ///< The client looks first (HEAD), for services that know neither. Between look and put another creator may come: then both
              ///< believe they won, and the later bytes stay. The bodies of a lake have keys that nobody else creates; only two lakes, of
              ///< two indexes, that are begun in one place at the same moment would not notice each other. What relies on the race being
              ///< decided (datasets, `swap`) is not safe with it.
};

/// How the tag stands in `If-Match`: RFC 9110 wants quotes; Ceph and DigitalOcean take it without only.
enum class s3_tag_form : std::uint8_t {
  automatic,  ///< Quoted; if the service refuses a tag that the object has, without quotes from then on.
  quoted,
  bare,
};

/// When and how often what failed is tried again.
struct s3_retry_options {
  std::size_t attempts = 6;                         ///< Of one request, the first included.
  std::chrono::milliseconds total{60'000};          ///< From the first attempt on; none begins after.
  std::chrono::milliseconds transient_base{50};     ///< The wait before retry i is random below base * 2^i: lost connections, 500, 502, 504 …
  std::chrono::milliseconds throttle_base{500};     ///< The same where the service asks to slow down.
  std::chrono::milliseconds longest_wait{15'000};   ///< No wait is longer, unless the service names one.
  std::size_t tokens = 1'000;                       ///< Retries that all operations together may owe: each costs `token_cost`, a success
  std::size_t token_cost = 4;                       ///< without a retry returns 1. A service that is down is then not hammered.
};

/// An S3 service, a bucket in it, and how to talk to it.
struct s3_options {
  /// "https://minio.example:9000", "http://127.0.0.1:7480", a host without scheme (https), or Aliyun's short form "oss-cn-hangzhou"
  /// (also "oss-cn-hangzhou-internal"). Empty: Amazon's endpoint of `region`.
  std::string endpoint = {};
  std::string bucket = {};
  std::string region = {};  ///< Empty: what the endpoint's name says, else AWS_REGION or AWS_DEFAULT_REGION, else us-east-1.
  /// Who signs. Both empty: `provider`, else the file or profile named here, else AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
  /// AWS_SESSION_TOKEN, else the shared file.
  std::string access_key = {};
  std::string secret_key = {};
  std::string session_token = {};
  bool path_style = false;  ///< https://host/bucket/key, not https://bucket.host/key. Always so at a bare IP address.
  std::string prefix = {};  ///< Stands before every key, with a "/" between; empty: none. A good object key itself.
  s3_credentials_provider provider = {};
  std::string credentials_file = {};     ///< Empty: AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials.
  std::string profile = {};              ///< Its section; empty: AWS_PROFILE, else "default".
  std::string ca_file = {};              ///< Who signed the server's certificate (PEM); empty: the system's list.
  s3_create create = s3_create::automatic;
  s3_tag_form tag_form = s3_tag_form::automatic;
  bool sign_payload = true;              ///< Bodies are hashed and the hash signed. False: UNSIGNED-PAYLOAD, over https only.
  std::size_t connections = 64;          ///< At most so many transfers at once; who comes later waits.
  std::size_t multipart_from_bytes = std::size_t{64} << 20U;  ///< `put` sends larger bodies in parts; `create` and `swap` never do.
  std::size_t part_bytes = std::size_t{8} << 20U;             ///< Of one part, 5 MiB … 5 GiB; grows where 10,000 parts would not do. A
                                                              ///< stream that is as long goes in parts.
  std::chrono::milliseconds connect_timeout{5'000};  ///< For one connection: name, network, TLS.
  std::chrono::milliseconds timeout{0};              ///< For one attempt; 0: none, a large body may take its time.
  std::size_t low_speed_bytes = 1;                   ///< An attempt that moves fewer bytes a second than this …
  std::chrono::seconds low_speed_time{20};           ///< … for so long is given up and counts as timed out. Whole seconds; 0: never.
  s3_retry_options retry = {};
  storage_kind kind = storage_kind::s3;  ///< `s3` or `oss`: a part of the index's key prefix.
  random_source random = {};             ///< For the jitter of waits, and the tokens by which a put knows its own object: must never repeat.
  clock_source clock = {};               ///< Wall time dates signatures, steady time bounds retries.
  executor_ref executor = {};            ///< Sleeps between tries; empty: this thread sleeps.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_S3_OPTIONS_HPP
