// A child process of a test that cannot outlive it, and a free port for it to listen on. Knows no server.
#ifndef LAKE_TESTS_SUPPORT_PROCESS_HPP
#define LAKE_TESTS_SUPPORT_PROCESS_HPP

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lake_test {

/// Waits a moment between two looks at something that another process brings about.
inline void pause_a_moment() { ::poll(nullptr, 0, 2); }

/// Looks until `happened()` holds, for about 20 seconds; false if it never did.
template <class Predicate>
[[nodiscard]] bool eventually(Predicate happened) {
  for (int looks = 0; looks < 10'000; ++looks) {
    if (happened()) return true;
    pause_a_moment();
  }
  return false;
}

/// Where `PATH` finds the program; empty if nowhere.
inline std::filesystem::path program_file(std::string_view name) {
  const char* const set = std::getenv("PATH");
  std::string_view rest = set != nullptr ? set : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t end = rest.find(':');
    std::filesystem::path file = std::filesystem::path(rest.substr(0, end)) / name;
    if (::access(file.c_str(), X_OK) == 0) return file;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return {};
}

/// A port of 127.0.0.1 that nobody listens on now. It lies below the ports that systems give to outgoing connections: one of
/// those could take it while the server is down, and a client that polls it could connect to itself.
inline int free_port() {
  std::random_device random;
  for (int tries = 0; tries < 1'000; ++tries) {
    const int port = 11'000 + static_cast<int>(random() % 21'000U);
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    if (is_free) return port;
  }
  throw std::runtime_error("no free port on 127.0.0.1");
}

/// A running program. Killed when this object goes, and when the thread that started it ends, however that comes about: so start
/// it on a thread that outlives it, as a test's main thread does. Confined.
class child_process {
 public:
  child_process() = default;
  /// Runs `words[0]` in `folder` with `environment` ("NAME=value") added to the test's own; its output goes to `log`.
  child_process(const std::vector<std::string>& words, const std::vector<std::string>& environment, const std::filesystem::path& folder,
                const std::filesystem::path& log) {
    const std::vector<char*> arguments = pointers(words);
    std::vector<char*> variables = pointers(environment);
    variables.pop_back();
    for (char** each = environ; *each != nullptr; ++each) variables.push_back(*each);
    variables.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) become(arguments.data(), variables.data(), folder.c_str(), log.c_str(), parent);
  }
  child_process(child_process&& other) noexcept : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}
  child_process& operator=(child_process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(status_, other.status_);
    return *this;
  }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process() { kill(); }

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Whether it runs, or is suspended.
  [[nodiscard]] bool alive() noexcept { return pid_ > 0 && !ended(); }
  /// Waits until it ends by itself, for about 20 seconds, then kills it: what it returned, -1 if a signal ended it.
  int wait() noexcept {
    if (!eventually([&] { return ended(); })) kill();
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  }
  /// Asks it to end and waits; kills it if it has not ended after some seconds.
  void stop() noexcept {
    if (pid_ <= 0) return;
    int looks = 0;
    const auto asked = [&] {
      if (looks++ % 50 == 0) ::kill(pid_, SIGTERM), ::kill(pid_, SIGCONT);  // again: some refuse at first, in the middle of a task
      return ended();
    };
    if (!eventually(asked)) kill();
  }
  /// Ends it as a crash does, and waits until it is gone.
  void kill() noexcept {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), &status_, 0);
  }
  /// Freezes it: its connections stay, and nothing is answered.
  void suspend() noexcept {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGSTOP);
    int status = 0;
    ::waitpid(pid_, &status, WUNTRACED);
  }
  void resume() noexcept {
    if (pid_ > 0) ::kill(pid_, SIGCONT);
  }

 private:
  [[nodiscard]] static std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> out;
    for (const std::string& each : words) out.push_back(const_cast<char*>(each.c_str()));
    out.push_back(nullptr);
    return out;
  }
  /// The child's side: only calls that are safe between fork and exec of a program with threads.
  [[noreturn]] static void become(char* const* arguments, char* const* variables, const char* folder, const char* log, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (::getppid() != parent || ::chdir(folder) != 0 || out < 0) ::_exit(126);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    const int in = ::open("/dev/null", O_RDONLY);
    ::dup2(in, STDIN_FILENO);
    for (int other = 3; other < 1'024; ++other) ::close(other);  // a connection of the test must end when the test closes it
    ::execve(arguments[0], arguments, variables);
    ::_exit(127);
  }
  bool ended() noexcept {
    if (pid_ <= 0) return true;
    if (::waitpid(pid_, &status_, WNOHANG) != pid_) return false;
    pid_ = -1;
    return true;
  }

  pid_t pid_ = -1;
  int status_ = SIGKILL;  // how the last one ended, as waitpid says it
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_PROCESS_HPP
