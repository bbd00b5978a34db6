// What the command lines of the benchmark programs have in common.
#ifndef BENCHMARKS_COMMAND_LINE_HPP
#define BENCHMARKS_COMMAND_LINE_HPP

#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// A command line that means nothing; the message names the option and the rule.
struct wrong_usage : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Those of `all` whose name holds a match of the regular expression given for `option`. `kind`: what they are called in messages.
/// Throws wrong_usage if the text is no regular expression, or none matches.
template <class Entry, class NameOf>
[[nodiscard]] std::vector<Entry> matching(std::vector<Entry> all, const std::string& option, const std::string& expression,
                                          const std::string& kind, const NameOf& name_of) {
  std::vector<Entry> found;
  try {
    const std::regex wanted(expression);
    for (Entry& each : all) {
      if (std::regex_search(name_of(each), wanted)) found.push_back(std::move(each));
    }
  } catch (const std::regex_error& reason) {
    throw wrong_usage(option + " \"" + expression + "\" is no regular expression: " + reason.what());
  }
  if (found.empty()) throw wrong_usage("no " + kind + "'s name matches \"" + expression + "\"; --list shows them");
  return found;
}

}  // namespace bench

#endif  // BENCHMARKS_COMMAND_LINE_HPP
