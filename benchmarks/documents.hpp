// Texts for workloads, always the same: documents of about a size, small bodies, and changes that fit the documents.
#ifndef BENCHMARKS_DOCUMENTS_HPP
#define BENCHMARKS_DOCUMENTS_HPP

#include <lake/core/merge_type.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

struct change {
  lake::merge_type merge;
  std::string path;
  std::string body;
};

/// An object of users of some 150 bytes each, `bytes` long within 200.
[[nodiscard]] std::string make_document(std::size_t bytes);

/// How many users `make_document(bytes)` has.
[[nodiscard]] std::size_t users_in(std::size_t bytes);

/// Changes of users spread over a document: replace, RFC 7396 and RFC 6902 in turn.
[[nodiscard]] std::vector<change> make_changes(std::size_t count, std::size_t users);

/// Objects of 64 to 200 bytes.
[[nodiscard]] std::vector<std::string> make_small_bodies(std::size_t count);

}  // namespace bench

#endif  // BENCHMARKS_DOCUMENTS_HPP
