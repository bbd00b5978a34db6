// Runs a program and returns what it printed: how an example talks to a second process of itself.
#ifndef EXAMPLES_SUPPORT_PROCESS_HPP
#define EXAMPLES_SUPPORT_PROCESS_HPP

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace examples {

/// The standard output of `command`, a program found as the shell would find it and its arguments.
/// Throws std::runtime_error where it cannot be started or ends with something else than 0.
inline std::string output_of(std::vector<std::string> command) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::vector<char*> arguments;
  for (std::string& each : command) arguments.push_back(each.data());
  arguments.push_back(nullptr);

  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  std::string output;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t got = child > 0 ? read(ends[0], chunk.data(), chunk.size()) : 0;
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    output.append(chunk.data(), static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = -1;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0 || status != 0) throw std::runtime_error("the second process, " + command[0] + ", failed");
  return output;
}

}  // namespace examples

#endif  // EXAMPLES_SUPPORT_PROCESS_HPP
