// How far a long run is: a bar that redraws itself on a terminal, a line a second elsewhere.
#ifndef EXAMPLES_SUPPORT_PROGRESS_HPP
#define EXAMPLES_SUPPORT_PROGRESS_HPP

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include <unistd.h>

namespace examples {

/// Prints to stderr. `total` is in the caller's unit of work (here bytes); items are what is counted for people.
class progress {
 public:
  explicit progress(std::uint64_t total) : total_(total), terminal_(isatty(STDERR_FILENO) == 1), begin_(clock::now()), printed_(begin_) {}
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress() {
    if (terminal_ && drawn_) std::fputs("\r\033[K", stderr);  // The summary takes the bar's place.
  }

  /// Prints a line of its own; the bar comes back below it.
  void say(const std::string& line) {
    std::fprintf(stderr, "%s%s\n", terminal_ && drawn_ ? "\r\033[K" : "", line.c_str());
  }

  void show(std::uint64_t done, std::uint64_t items) {
    const auto now = clock::now();
    if (now - printed_ < (terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(1000))) return;
    printed_ = now;
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    const double share = total_ == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total_);
    const std::string left = share > 0 ? clock_text(seconds * (1 - share) / share) : std::string("--:--");
    const double rate = static_cast<double>(items) / seconds;
    if (terminal_) {
      const auto full = static_cast<std::size_t>(share * 30);
      const std::string bar = std::string(full, '#') + std::string(full < 30 ? 30 - full : 0, '.');
      std::fprintf(stderr, "\r\033[K[%s] %3.0f%%  %.0f/s  ETA %s", bar.c_str(), share * 100, rate, left.c_str());
    } else {
      std::fprintf(stderr, "%.0f%%, %llu elements, %.0f/s, ETA %s\n", share * 100, static_cast<unsigned long long>(items), rate, left.c_str());
    }
    std::fflush(stderr);
    drawn_ = true;
  }

 private:
  using clock = std::chrono::steady_clock;

  static std::string clock_text(double seconds) {
    const auto whole = static_cast<long>(std::lround(seconds));
    char text[64];
    std::snprintf(text, sizeof text, "%02ld:%02ld", whole / 60, whole % 60);
    return text;
  }

  std::uint64_t total_;
  bool terminal_;
  bool drawn_ = false;
  clock::time_point begin_;
  clock::time_point printed_;
};

}  // namespace examples

#endif  // EXAMPLES_SUPPORT_PROGRESS_HPP
