// A real redis-server of a test's own: a free port of 127.0.0.1, a folder of its own, gone with the test. Needs no Catch2; only the two
// macros that skip a test do.
#ifndef LAKE_TESTS_SUPPORT_REDIS_SERVER_HPP
#define LAKE_TESTS_SUPPORT_REDIS_SERVER_HPP

#include "support/data.hpp"
#include "support/folder.hpp"
#include "support/process.hpp"
#include "support/redis_talk.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// The module built from clock_shim.c.
#ifndef LAKE_CLOCK_SHIM
#define LAKE_CLOCK_SHIM ""
#endif

namespace lake_test {

/// True where redis-server is not installed.
inline bool redis_missing() { return program_file("redis-server").empty(); }
/// True where the shim was not built.
inline bool shim_missing() { return std::filesystem::path(LAKE_CLOCK_SHIM).empty() || !std::filesystem::exists(LAKE_CLOCK_SHIM); }

/// The first lines of a test that needs a server, and of one that moves its clock or stops its disk.
#define LAKE_SKIP_WITHOUT_REDIS() \
  if (lake_test::redis_missing()) LAKE_SKIP("redis-server is not installed")
#define LAKE_SKIP_WITHOUT_SHIM() \
  if (lake_test::shim_missing()) LAKE_SKIP("the shim for clock and disk is not built")

/// As it is; hanging: a sync does not come back; or so fast that a sync takes no time.
enum class redis_disk : std::int64_t { real = 0, hanging = 1, instant = 2 };

struct redis_server_options {
  std::vector<std::string> lines = {};  ///< Of redis.conf, after the defaults, so they win: "appendonly yes".
  std::string password = {};            ///< `requirepass`; `command` and `url` know it.
  bool shimmed = false;                 ///< Its clock and disk go by `step_clock`, `set_disk` and `synced_bytes`.
  bool sentinel = false;                ///< A sentinel instead of a data server.
};

/// A running server: answers when the constructor returns. Persistence is off unless lines turn it on. Throws std::runtime_error
/// with the server's log if it cannot be had. Movable, confined; see child_process for the thread it must be made on.
class redis_server {
 public:
  explicit redis_server(redis_server_options options = {}) : options_(std::move(options)), folder_(std::make_unique<scratch_folder>()) {
    for (int tries = 0; tries < 20; ++tries) {  // somebody else may take the port before the server has it
      port_ = free_port();
      std::filesystem::remove(folder() / "redis.log");
      write_configuration();
      std::ofstream(folder() / "shim", std::ios::binary) << std::string(24, '\0');
      if (launch()) return;
    }
    throw std::runtime_error("redis-server does not start:\n" + log().substr(0, 2'000));
  }

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] bool alive() noexcept { return process_.alive(); }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_->path(); }
  [[nodiscard]] const std::string& password() const noexcept { return options_.password; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string url(int database = 0) const {
    return "redis://" + (options_.password.empty() ? "" : ":" + options_.password + "@") + address() + "/" + std::to_string(database);
  }
  /// The same server by its unix socket.
  [[nodiscard]] std::string unix_url() const {
    return "unix://" + (options_.password.empty() ? "" : ":" + options_.password + "@") + (folder() / "redis.sock").string();
  }
  /// What it wrote to its log.
  [[nodiscard]] std::string log() const {
    std::ifstream in(folder() / "redis.log", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  /// Asks on a new connection, see redis_said::flat.
  std::string command(const std::vector<std::string>& words) const { return ask(words).flat(); }
  redis_said ask(const std::vector<std::string>& words) const { return redis_talk(port_, options_.password).ask(words); }
  /// A field of INFO: `info("stats", "total_commands_processed")`; empty if there is none.
  [[nodiscard]] std::string info(const std::string& section, const std::string& field) const {
    const std::string all = "\r\n" + command({"INFO", section});
    const std::size_t at = all.find("\r\n" + field + ":");
    if (at == std::string::npos) return {};
    const std::size_t from = at + field.size() + 3;
    return all.substr(from, all.find("\r\n", from) - from);
  }
  /// Looks until INFO says so; false if it never did.
  [[nodiscard]] bool comes_to(const std::string& section, const std::string& field, const std::string& wanted) const {
    return eventually([&] { return info(section, field) == wanted; });
  }

  void stop() noexcept { process_.stop(); }        ///< SIGTERM: it saves what its persistence says.
  void kill() noexcept { process_.kill(); }        ///< SIGKILL.
  void suspend() noexcept { process_.suspend(); }  ///< SIGSTOP.
  void resume() noexcept { process_.resume(); }    ///< SIGCONT.
  /// Runs it once more, after `stop` or `kill`: same folder, port and lines, and `more` lines from now on.
  void start_again(const std::vector<std::string>& more = {}) {
    process_.kill();
    if (!more.empty()) append_configuration(more);
    for (int tries = 0; tries < 5; ++tries) {
      if (launch()) return;
    }
    throw std::runtime_error("redis-server does not start again:\n" + log());
  }

  /// Runs it at the port of another that is down, as a virtual address that moves would have it.
  void start_in_place_of(const redis_server& other, std::vector<std::string> more = {}) {
    port_ = other.port();
    more.push_back("port " + std::to_string(port_));
    start_again(more);
  }

  /// Moves its wall clock by so much, either way; needs `shimmed`. What it caches of the time follows within its next event.
  void step_clock(std::chrono::milliseconds by) { write_shim(0, read_shim(0) + by.count()); }
  /// How the disk takes the syncs of the append-only log from now on; needs `shimmed`.
  void set_disk(redis_disk as) { write_shim(1, static_cast<std::int64_t>(as)); }
  /// How much of the newest append-only log has been synced to the disk; needs `shimmed`.
  [[nodiscard]] std::uintmax_t synced_bytes() const { return static_cast<std::uintmax_t>(read_shim(2)); }
  /// The newest append-only log: what the server appends to.
  [[nodiscard]] std::filesystem::path append_only_log() const {
    std::filesystem::path newest;
    for (const auto& each : std::filesystem::directory_iterator(folder() / "appendonlydir")) {
      const std::string name = each.path().filename().string();
      const bool later =
          name.size() != newest.filename().string().size() ? name.size() > newest.filename().string().size() : each.path() > newest;
      if (name.ends_with(".incr.aof") && later) newest = each.path();
    }
    return newest;
  }
  /// A power cut: kills it, and takes what was appended to its log and not yet synced. Returns how many bytes that were.
  std::uintmax_t cut_power() {
    process_.kill();
    const std::filesystem::path file = append_only_log();
    const std::uintmax_t all = std::filesystem::file_size(file);
    const std::uintmax_t kept = (std::min)(all, synced_bytes());
    std::filesystem::resize_file(file, kept);
    return all - kept;
  }

 private:
  void write_configuration() const {
    std::ofstream(folder() / "redis.conf", std::ios::trunc).close();
    append_configuration({"port " + std::to_string(port_), "bind 127.0.0.1", "protected-mode no", "daemonize no",
                          "dir " + folder().string(), "logfile redis.log", "loglevel notice"});
    if (!options_.sentinel) {
      append_configuration(
          {"unixsocket " + (folder() / "redis.sock").string(), "save \"\"", "appendonly no", "repl-diskless-sync-delay 0"});
    }
    if (!options_.password.empty()) append_configuration({"requirepass \"" + options_.password + '"'});
    append_configuration(options_.lines);
  }
  void append_configuration(const std::vector<std::string>& lines) const {
    std::ofstream out(folder() / "redis.conf", std::ios::app);
    for (const std::string& each : lines) out << each << '\n';
  }
  /// The numbers of clock_shim.c, in place: the server has the file mapped.
  void write_shim(int at, std::int64_t number) const {
    std::fstream file(folder() / "shim", std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(at * 8).write(reinterpret_cast<const char*>(&number), sizeof number);
  }
  [[nodiscard]] std::int64_t read_shim(int at) const {
    std::int64_t number = 0;
    std::ifstream file(folder() / "shim", std::ios::binary);
    file.seekg(at * 8).read(reinterpret_cast<char*>(&number), sizeof number);
    return number;
  }
  /// True once it answers; false if it ended instead, as it does when somebody else has the port.
  bool launch() {
    const std::filesystem::path program = program_file("redis-server");
    if (program.empty()) throw std::runtime_error("redis-server is not installed");
    std::vector<std::string> words = {program.string(), (folder() / "redis.conf").string()};
    if (options_.sentinel) words.emplace_back("--sentinel");
    std::vector<std::string> environment;
    if (options_.shimmed) {
      environment = {std::string("LD_PRELOAD=") + LAKE_CLOCK_SHIM, "LAKE_SHIM=" + (folder() / "shim").string()};
    }
    process_ = child_process(words, environment, folder(), folder() / "redis.log");
    bool answers = false;
    const bool settled = eventually([&] { return (answers = is_this_one()) || !process_.alive(); });
    if (!settled) throw std::runtime_error("redis-server runs and does not answer:\n" + log());
    return answers && process_.alive();
  }
  /// Whether what listens on the port is the child, and has loaded its data.
  [[nodiscard]] bool is_this_one() const {
    redis_talk talk(port_, options_.password);
    if (!talk.connected()) return false;
    const redis_said pong = talk.ask({"PING"});
    if (pong.type == '!' || pong.words.rfind("LOADING", 0) == 0) return false;
    const redis_said who = talk.ask({"INFO", "server"});
    return who.failed() || who.words.find("process_id:" + std::to_string(process_.pid()) + "\r\n") != std::string::npos;
  }

  redis_server_options options_;
  std::unique_ptr<scratch_folder> folder_;  // goes after the process
  int port_ = 0;
  child_process process_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_REDIS_SERVER_HPP
