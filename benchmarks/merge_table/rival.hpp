// The rival: what one would write with nlohmann::json, with care for its time.
#ifndef BENCHMARKS_MERGE_TABLE_RIVAL_HPP
#define BENCHMARKS_MERGE_TABLE_RIVAL_HPP

#include "inputs.hpp"

#include <string>

namespace merge_table {

/// Parses the base, applies the changes in order, each body parsed, and dumps the result. JSON Patch by own code: nlohmann's copies its
/// document and creates no parents. Throws what nlohmann throws.
[[nodiscard]] std::string merge_with_nlohmann(const task& given);

/// Throws std::runtime_error unless lake, with its options for trusted and for other bodies, says what nlohmann says.
void check_agreement(const task& given);

}  // namespace merge_table

#endif  // BENCHMARKS_MERGE_TABLE_RIVAL_HPP
