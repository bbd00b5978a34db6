// The rival of the merge engine: what one would write with nlohmann::json.
#ifndef BENCHMARKS_NLOHMANN_MERGE_HPP
#define BENCHMARKS_NLOHMANN_MERGE_HPP

#include "documents.hpp"

#include <string>
#include <vector>

namespace bench {

/// Parses the document, applies the changes in order, each body parsed, and dumps the result.
[[nodiscard]] std::string merge_with_nlohmann(const std::string& document, const std::vector<change>& changes);

}  // namespace bench

#endif  // BENCHMARKS_NLOHMANN_MERGE_HPP
