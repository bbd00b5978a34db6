// What every conformance suite is made of: named cases that return what they found wrong. Knows no policy and no test framework.
#ifndef LAKE_TESTING_CONTRACT_HPP
#define LAKE_TESTING_CONTRACT_HPP

#include <lake/config.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing {

/// What a case found wrong, a sentence each; none: the law holds.
class findings {
 public:
  /// Notes the sentence unless `holds`; returns `holds`.
  bool check(bool holds, std::string sentence) {
    if (!holds) sentences_.push_back(std::move(sentence));
    return holds;
  }
  [[nodiscard]] std::vector<std::string> take() && { return std::move(sentences_); }

 private:
  std::vector<std::string> sentences_;
};

/// One law of a contract. `run` makes its own policies, so cases are independent and may run in any order.
struct contract_case {
  std::string name;
  std::function<std::vector<std::string>()> run;  // For tests: nothing here is on a path that must be fast.
};

/// Runs all cases; returns the failures as "case: sentence".
[[nodiscard]] inline std::vector<std::string> run_contract(const std::vector<contract_case>& cases) {
  std::vector<std::string> failures;
  for (const contract_case& each : cases) {
    for (const std::string& sentence : each.run()) failures.push_back(each.name + ": " + sentence);
  }
  return failures;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing

#endif  // LAKE_TESTING_CONTRACT_HPP
