// How the object keys of a catalog begin, and a thread's memory of the beginnings that it used last. Knows no layout.
// Format: {md5(catalog)[0:4]}/{enc(catalog)}, with enc of layout/encode.hpp.
#ifndef LAKE_LAYOUT_STEM_HPP
#define LAKE_LAYOUT_STEM_HPP

#include <lake/config.hpp>
#include <lake/layout/encode.hpp>
#include <lake/pure/base32.hpp>
#include <lake/pure/xxh64.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout::detail {

/// How many digits of the MD5 spread the catalogs over folders.
inline constexpr std::size_t spread_digits = 4;

/// No stem of a name this long is longer: no encoding is longer than base32.
[[nodiscard]] constexpr std::size_t longest_stem(std::size_t name_bytes) noexcept {
  return spread_digits + 1 + pure::base32_length(name_bytes);
}

/// The stems of short names, as many as fit: the next key is mostly one of a catalog that was just used, and its digest would cost more than
/// all the rest of the key. Confined to a thread; 8 KiB.
class stem_memo {
 public:
  /// Appends the stem of a name.
  void append_to(std::string& out, std::string_view name) {
    if (name.empty() || name.size() > longest_name) return make_stem(out, name);
    const std::uint64_t hash = pure::xxh64(name);
    std::array<entry, ways>& set = sets_[hash % sets_.size()];
    entry* place = &set[(hash >> 32U) % ways];
    for (entry& each : set) {
      if (each.name() == name) return void(out += each.stem());
      if (each.name_bytes == 0) place = &each;
    }
    const std::size_t begin = out.size();
    make_stem(out, name);
    place->keep(name, std::string_view(out).substr(begin));
  }

 private:
  static constexpr std::size_t ways = 4;  // A fifth name of one set drives out another; it costs that one's digest.
  static constexpr std::size_t longest_name = 46;

  struct entry {
    std::uint8_t name_bytes;  // 0: nothing is kept here.
    std::uint8_t stem_bytes;
    std::array<char, 126> text;  // The name, then its stem.

    [[nodiscard]] std::string_view name() const noexcept { return {text.data(), name_bytes}; }
    [[nodiscard]] std::string_view stem() const noexcept { return {text.data() + name_bytes, stem_bytes}; }
    void keep(std::string_view new_name, std::string_view new_stem) noexcept {
      name_bytes = static_cast<std::uint8_t>(new_name.copy(text.data(), new_name.size()));
      stem_bytes = static_cast<std::uint8_t>(new_stem.copy(text.data() + name_bytes, new_stem.size()));
    }
  };
  static_assert(longest_name + longest_stem(longest_name) <= sizeof entry::text, "lake: a name and its stem must fit in an entry of stem_memo");

  static void make_stem(std::string& out, std::string_view name) {
    append_spread(out, name, spread_digits);
    append_enc(out, name);
  }

  std::array<std::array<entry, ways>, 16> sets_{};
};

/// Appends the stem of a catalog's object keys.
inline void append_stem(std::string& out, std::string_view catalog) {
  thread_local constinit stem_memo memo;
  memo.append_to(out, catalog);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout::detail

#endif  // LAKE_LAYOUT_STEM_HPP
