// Real S3 services of a test's own: Ceph's RADOS Gateway and OpenStack's Swift, on free ports of 127.0.0.1, in a folder of their own, gone with
// the test. No root, no service manager; Debian's packages. Needs no Catch2, but where the two macros are used.
#ifndef LAKE_TESTS_SUPPORT_S3_SERVER_HPP
#define LAKE_TESTS_SUPPORT_S3_SERVER_HPP

#include "support/data.hpp"
#include "support/folder.hpp"
#include "support/process.hpp"
#include "support/s3_talk.hpp"

#include <lake/core/s3_options.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace lake_test {

/// True where Ceph's programs, curl or openssl are not installed: then `LAKE_SKIP("radosgw is not installed")`.
inline bool rgw_missing() {
  const auto missing = [](const char* name) { return program_file(name).empty(); };
  const auto programs = {"radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "monmaptool", "curl", "openssl"};
  return std::any_of(programs.begin(), programs.end(), missing);
}
/// True where Swift is not installed for the system's Python, or folders for temporaries take no extended attributes, which it needs.
inline bool swift_missing() {
  const scratch_folder folder;
  const bool attributes = ::setxattr(folder.path().c_str(), "user.swift.metadata", "x", 1, 0) == 0;
  return !attributes || program_file("curl").empty() || !std::filesystem::exists("/usr/bin/python3") ||
         !std::filesystem::exists("/usr/lib/python3/dist-packages/swift/common/middleware/s3api");
}

#define LAKE_SKIP_WITHOUT_RGW() \
  if (lake_test::rgw_missing()) LAKE_SKIP("radosgw, ceph-mon, ceph-osd, curl or openssl is not installed")
#define LAKE_SKIP_WITHOUT_SWIFT() \
  if (lake_test::swift_missing()) LAKE_SKIP("python3-swift or curl is not installed, or the temporary folder has no extended attributes")

/// `bytes` random bytes as hex digits: names and secrets that no other server on this machine has.
inline std::string random_hex(std::size_t bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::string out;
  while (out.size() < 2 * bytes) out += digits[random() % 16U];
  return out;
}

/// Whether anybody takes connections on this port of 127.0.0.1.
inline bool port_answers(int port) {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool answers = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return answers;
}

/// What the two servers have in common. Its user may do everything.
class s3_service {
 public:
  s3_service(const s3_service&) = delete;
  s3_service& operator=(const s3_service&) = delete;

  [[nodiscard]] const std::string& endpoint() const noexcept { return account_.endpoint; }  ///< "http://127.0.0.1:12345"
  [[nodiscard]] int port() const noexcept { return port_; }  ///< As "http://localhost:<port>" it serves buckets as names: bucket.localhost.
  [[nodiscard]] const std::string& access_key() const noexcept { return account_.access_key; }
  [[nodiscard]] const std::string& secret_key() const noexcept { return account_.secret_key; }
  [[nodiscard]] const std::string& region() const noexcept { return account_.region; }
  [[nodiscard]] const std::filesystem::path& ca_file() const noexcept { return account_.ca_file; }  ///< Empty without TLS.
  [[nodiscard]] const s3_account& account() const noexcept { return account_; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }

  /// How lake reaches this bucket of it.
  [[nodiscard]] lake::s3_options options(const std::string& bucket) const {
    lake::s3_options out;
    out.endpoint = endpoint();
    out.bucket = bucket;
    out.region = region();
    out.access_key = access_key();
    out.secret_key = secret_key();
    out.ca_file = ca_file().string();
    out.path_style = true;
    out.create = create_;
    return out;
  }

  /// Throws std::runtime_error with what the server said.
  void make_bucket(const std::string& name) const {
    const s3_said said = s3_ask(account_, "PUT", "/" + name);
    if (said.status != 200) throw std::runtime_error("the bucket " + name + " cannot be made: " + std::to_string(said.status) + " " + said.body);
  }
  /// A new bucket of a name nobody else has.
  [[nodiscard]] std::string fresh_bucket() const {
    std::string name = "lake-test-" + std::to_string(++buckets_);
    make_bucket(name);
    return name;
  }

  /// What its programs wrote to their logs, the end of each.
  [[nodiscard]] std::string log() const {
    std::string out;
    for (const auto& each : std::filesystem::directory_iterator(folder())) {
      if (each.path().extension() != ".log" || each.file_size() == 0) continue;
      const std::string text = file_bytes(each.path());
      out += "--- " + each.path().filename().string() + "\n" + text.substr(text.size() - (std::min)(text.size(), std::size_t{2'000})) + "\n";
    }
    return out;
  }

 protected:
  s3_service() = default;
  ~s3_service() = default;

  /// Until it works: somebody else may take a port before the server has it.
  template <class Launch>
  void start(const char* what, Launch launch) {
    for (int tries = 0; tries < 5; ++tries) {
      for (const auto& each : std::filesystem::directory_iterator(folder())) std::filesystem::remove_all(each.path());
      port_ = free_port();
      if (launch()) return;
    }
    throw std::runtime_error(std::string(what) + " does not start:\n" + log());
  }
  /// Whether what listens is ours: nobody else knows this user's secret.
  [[nodiscard]] bool knows_us() const { return s3_ask(account_, "GET", "/").status == 200; }

  s3_account account_;
  lake::s3_create create_ = lake::s3_create::automatic;
  int port_ = 0;

 private:
  scratch_folder folder_;  // goes after the derived class's processes
  mutable std::atomic<int> buckets_ = 0;
};

struct rgw_server_options {
  std::vector<std::string> lines = {};  ///< Of the gateway's section in ceph.conf, after the defaults, so they win: "rgw_max_concurrent_requests = 2".
  bool tls = false;                     ///< An https endpoint, with a certificate for 127.0.0.1, localhost and *.localhost in `ca_file()`.
};

/// Ceph's RADOS Gateway above a monitor and an object store in memory. Answers when the constructor returns, after about a second, most of
/// which Ceph waits for itself. Creates by `If-None-Match: *` atomically; does not look at the region. Throws std::runtime_error with the
/// logs if it cannot be had. Confined; see child_process for the thread it must be made on.
class rgw_server : public s3_service {
 public:
  explicit rgw_server(rgw_server_options options = {}) : options_(std::move(options)) {
    account_.access_key = "LAKETESTACCESSKEY";
    start("Ceph", [&] { return launch(); });
  }

 private:
  [[nodiscard]] std::string file(const char* name) const { return (folder() / name).string(); }

  void write_configuration() const {
    // Ceph's old wire format and its secure sessions are off: with them a start takes six seconds, or does not come to an end.
    std::ofstream out(folder() / "ceph.conf");
    out << "[global]\nfsid = " << cluster_ << "\nmon_host = v2:127.0.0.1:" << monitor_port_ << '\n';
    for (const char* who : {"cluster", "service", "client"}) out << "auth_" << who << "_required = none\n";
    for (const char* who : {"cluster", "service", "client", "mon_cluster", "mon_service", "mon_client"}) out << "ms_" << who << "_mode = crc\n";
    out << "ms_bind_retry_count = 1\nms_bind_msgr1 = false\npublic_addr = 127.0.0.1\ncluster_addr = 127.0.0.1\n"
        << "run_dir = " << file("") << "\ncrash_dir = " << file("") << "\nadmin_socket =\n"
        << "log_file =\nlog_to_stderr = true\nerr_to_stderr = true\nmon_cluster_log_file = /dev/null\n"
        << "osd_pool_default_size = 1\nosd_pool_default_min_size = 1\nmon_allow_pool_size_one = true\nosd_crush_chooseleaf_type = 0\n"
        << "osd_pool_default_pg_num = 1\nosd_pool_default_pgp_num = 1\nosd_pool_default_pg_autoscale_mode = off\n"
        << "mon_data_avail_crit = 1\npaxos_propose_interval = 0.01\npaxos_min_wait = 0.01\n"
        << "[mon.a]\nmon_data = " << file("mon") << "\n"
        << "[osd.0]\nosd_data = " << file("osd") << "\nosd_objectstore = memstore\nmemstore_device_bytes = 4294967296\n"
        << "[client.rgw]\nrgw_data = " << file("rgw") << "\nrgw_dns_name = localhost\nrgw_frontends = beast tcp_nodelay=1 "
        << (options_.tls ? "ssl_certificate=" + file("certificate.pem") + " ssl_private_key=" + file("key.pem") + " ssl_endpoint=" : "endpoint=")
        << "127.0.0.1:" << port_ << '\n';
    for (const char* who : {"enable_gc_threads", "enable_lc_threads", "enable_quota_threads", "run_sync_thread", "dynamic_resharding"}) {
      out << "rgw_" << who << " = false\n";
    }
    out << "rgw_override_bucket_index_max_shards = 1\nrgw_thread_pool_size = 64\n";
    for (const std::string& each : options_.lines) out << each << '\n';
  }

  /// Begins a program, its log in a file of this name.
  [[nodiscard]] child_process begin(const char* log, std::vector<std::string> words) const {
    words.front() = program_file(words.front()).string();
    return {words, {"CEPH_ARGS="}, folder(), folder() / (std::string(log) + ".log")};
  }
  /// One of Ceph's, with our configuration.
  [[nodiscard]] child_process ceph(const char* log, const char* program, std::initializer_list<std::string> more) const {
    std::vector<std::string> words = {program, "-c", file("ceph.conf")};
    words.insert(words.end(), more);
    return begin(log, std::move(words));
  }

  /// True once the gateway answers and knows the user; false if one of the programs ended instead.
  bool launch() {
    gateway_.kill(), store_.kill(), monitor_.kill();
    monitor_port_ = free_port();
    cluster_ = uuid();
    account_.secret_key = random_hex(20);
    account_.endpoint = (options_.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
    for (const char* each : {"mon", "osd", "rgw"}) std::filesystem::create_directory(folder() / each);
    write_configuration();
    return (!options_.tls || make_certificate()) && launch_cluster() && launch_gateway();
  }
  bool launch_cluster() {
    const std::string store = uuid();
    child_process formatting = ceph("osd-mkfs", "ceph-osd", {"-i", "0", "--mkfs", "--osd-uuid", store, "--no-mon-config"});
    const std::string address = "[v2:127.0.0.1:" + std::to_string(monitor_port_) + "]";
    if (begin("monmap", {"monmaptool", "--create", "--fsid", cluster_, "--addv", "a", address, file("monmap")}).wait() != 0 ||
        ceph("mon-mkfs", "ceph-mon", {"-i", "a", "--mkfs", "--monmap", file("monmap")}).wait() != 0) {
      return false;
    }
    monitor_ = ceph("mon", "ceph-mon", {"-i", "a", "-f"});
    child_process entering = ceph("osd-new", "ceph", {"--connect-timeout", "15", "osd", "new", store, "0"});
    const bool settled = eventually([&] { return !entering.alive() || !monitor_.alive(); });
    if (!settled || !monitor_.alive() || entering.wait() != 0 || formatting.wait() != 0) return false;
    // The gateway's first pool must find the store at work: made before, it now and then waits for the monitor's next round, 5 s.
    store_ = ceph("osd", "ceph-osd", {"-i", "0", "-f"});
    const auto works = [&] { return file_bytes(folder() / "osd.log").find("booting -> active") != std::string::npos; };
    return eventually([&] { return works() || !store_.alive() || !monitor_.alive(); }) && works();
  }
  bool launch_gateway() {
    gateway_ = ceph("rgw", "radosgw", {"-n", "client.rgw", "-f"});
    bool listens = false;
    const bool settled =
        eventually([&] { return (listens = port_answers(port_)) || !gateway_.alive() || !store_.alive() || !monitor_.alive(); });
    if (!settled) throw std::runtime_error("Ceph runs and does not answer:\n" + log());
    const auto made = [&] {
      return ceph("user", "radosgw-admin", {"-n", "client.rgw", "user", "create", "--uid=test", "--display-name=test", "--max-buckets=0",
                                            "--access-key=" + access_key(), "--secret-key=" + secret_key()}).wait() == 0;
    };
    return listens && made() && gateway_.alive() && knows_us();
  }
  bool make_certificate() {
    account_.ca_file = folder() / "certificate.pem";
    return begin("openssl", {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1",
                             "-keyout", file("key.pem"), "-out", ca_file().string()}).wait() == 0;
  }
  /// Never the same: whoever comes to another's monitor is told from its own.
  [[nodiscard]] static std::string uuid() {
    std::string out = random_hex(16);
    out[12] = '4', out[16] = '8';
    for (const std::size_t at : {8U, 13U, 18U, 23U}) out.insert(at, 1, '-');
    return out;
  }

  rgw_server_options options_;
  std::string cluster_;
  int monitor_port_ = 0;
  child_process monitor_;
  child_process store_;
  child_process gateway_;
};

/// OpenStack's Swift with its S3 interface (tests/server/swift.py). Answers when the constructor returns, after about a second. Strict about
/// signatures: region, service and unsigned headers. Knows no conditional put: `options()` says so. Throws std::runtime_error with the log
/// if it cannot be had. Confined; see child_process for the thread it must be made on.
class swift_server : public s3_service {
 public:
  swift_server() {
    account_.access_key = "test:tester";
    create_ = lake::s3_create::checked;
    start("Swift", [&] { return launch(); });
  }

 private:
  bool launch() {
    account_.secret_key = random_hex(20);
    account_.endpoint = "http://127.0.0.1:" + std::to_string(port_);
    process_ = child_process({"/usr/bin/python3", "-I", LAKE_SOURCE_DIR "/tests/server/swift.py", folder().string(), std::to_string(port_),
                              access_key(), secret_key(), region()},
                             {}, folder(), folder() / "swift.log");
    const bool settled = eventually([&] { return std::filesystem::exists(folder() / "ready") || !process_.alive(); });
    if (!settled) throw std::runtime_error("Swift runs and does not answer:\n" + log());
    return process_.alive() && knows_us();
  }

  child_process process_;
};

/// The servers that a test program's tests share: begun at the first call, which is the main thread's, and gone with the program.
inline rgw_server& shared_rgw() {
  static rgw_server server;
  return server;
}
inline swift_server& shared_swift() {
  static swift_server server;
  return server;
}

/// A new, empty bucket for a test, some 30 ms. It is forgotten, not emptied, and goes with its server.
class s3_bucket {
 public:
  explicit s3_bucket(const s3_service& server) : server_(&server), name_(server.fresh_bucket()) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] lake::s3_options options() const { return server_->options(name_); }

 private:
  const s3_service* server_;
  std::string name_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_S3_SERVER_HPP
