// What is merged: bases and deltas by the specification's recipe, always the same. The sizes are what the table calls 1 KB to 10 MB.
#ifndef BENCHMARKS_MERGE_TABLE_INPUTS_HPP
#define BENCHMARKS_MERGE_TABLE_INPUTS_HPP

#include "documents.hpp"

#include <lake/merge/step.hpp>

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace merge_table {

using bench::change;

/// A base and what is done to it. Not copied, as the steps view the changes.
struct task {
  std::string base;
  std::vector<change> changes;
  std::vector<lake::merge::step> steps;

  task(std::string base_text, std::vector<change> given) : base(std::move(base_text)), changes(std::move(given)) {
    for (const change& each : changes) steps.push_back({each.merge, each.path, each.body});
  }
  task(const task&) = delete;
  task& operator=(const task&) = delete;
  task(task&&) noexcept = default;
  task& operator=(task&&) noexcept = default;
  ~task() = default;
};

inline constexpr std::size_t kilobyte = 775;
inline constexpr std::size_t hundred_kilobytes = 87'000;
inline constexpr std::size_t megabyte = 879'000;
inline constexpr std::size_t ten_megabytes = 8'900'000;
inline constexpr std::size_t beyond_caches = 64'540'000;

/// {"meta":..,"data":{"secI":{"recJ":{8 fields, some 230 B}}},"tail":[..]} of about `bytes`.
[[nodiscard]] std::string make_base(std::size_t bytes);

/// `count` deltas at different records spread over `make_base(bytes)`, and at new fields where it has fewer records. A third each:
/// Replace of a field; merge patch of the record (five keys, one null, one new object); JSON Patch of the record (replace, and an add
/// that creates its parent). Bodies of 5 to 110 bytes.
[[nodiscard]] task make_task(std::size_t bytes, std::size_t count);

/// An object of `keys` small members, and `count` Replaces spread over it.
[[nodiscard]] task make_wide(std::size_t keys, std::size_t count);

/// Eight objects in each other around `make_base(bytes)`, and a Replace in each of them and at the bottom.
[[nodiscard]] task make_nested(std::size_t bytes);
/// The bottom of it alone, with the Replace there.
[[nodiscard]] task make_bottom(std::size_t bytes);

/// A string of `bytes` made of `pair` (two characters) and a Replace of the member beside it.
[[nodiscard]] task make_long_string(std::size_t bytes, std::string_view pair);

/// An array of `elements` numbers. One number appended, or `count` inserted.
[[nodiscard]] task make_append(std::size_t elements);
enum class place { head, random };
/// `per_delta`: how many of the insertions one delta holds.
[[nodiscard]] task make_inserts(std::size_t elements, std::size_t count, place where, std::size_t per_delta);

/// An object of about `bytes` moved to and fro `count` times, each time with an edit inside it afterwards: of one field, or of another
/// record each time. `per_delta`: how many of the moves one delta holds.
enum class edits { one_field, spread };
[[nodiscard]] task make_moves(std::size_t bytes, std::size_t count, edits where, std::size_t per_delta);

/// The real documents in `folder`. Throws std::runtime_error where one is missing.
struct real_document {
  std::string name;
  std::string body;
};
[[nodiscard]] std::vector<real_document> read_documents(const std::filesystem::path& folder);

}  // namespace merge_table

#endif  // BENCHMARKS_MERGE_TABLE_INPUTS_HPP
