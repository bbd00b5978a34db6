// Are two keys of one object equal? Hashes of what they mean, compared when their object closes. Knows no JSON but keys.
// A suspicion is enough here: the plain check has the last word.
#ifndef LAKE_MERGE_VALIDATE_KEYS_HPP
#define LAKE_MERGE_VALIDATE_KEYS_HPP

#include <lake/config.hpp>
#include <lake/merge/scan.hpp>
#include <lake/merge/validate_blocks.hpp>
#include <lake/merge/validate_plain.hpp>
#include <lake/merge/validate_strings.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// The hashes of the keys of all open objects. Attack considered: keys chosen so that their hashes, or their places in a
/// table, are equal. Too many steps in a table count as a suspicion; so no text takes more than linear time here.
class key_pile {
 public:
  key_pile() noexcept {}  // NOLINT(modernize-use-equals-default): = default would fill the arrays with zeros.
  key_pile(const key_pile&) = delete;
  key_pile& operator=(const key_pile&) = delete;

  [[gnu::always_inline]] void open_object() {
    if (size_ == room_) grow(1);
    keys_[size_++] = base_;
    base_ = size_;
  }

  /// Adds the `count` hashes at `hashes` to the innermost open object. Reads up to three more, for speed.
  [[gnu::always_inline]] void add(const std::uint64_t* hashes, std::size_t count) {
    if (room_ - size_ < count + 3) grow(count + 3);
    for (std::size_t i = 0; i < count; i += 4) std::memcpy(keys_ + size_ + i, hashes + i, 4 * sizeof *hashes);
    size_ += count;
  }

  /// Closes the innermost open object. True if two of its keys may be equal.
  [[nodiscard, gnu::always_inline]] bool close_object() {
    const std::size_t count = size_ - base_;
    const std::uint64_t* const own = keys_ + base_;
    size_ = base_ - 1;
    base_ = static_cast<std::size_t>(keys_[size_]);
    return count <= few ? pairs(own, count) : table(own, count);
  }

 private:
  static constexpr std::size_t few = 6;
  static constexpr std::size_t most_slots = 1024;
  static constexpr std::uint64_t most_stamps = 4096;  ///< The lower bits of a slot tell which object's key is in it.

  [[gnu::noinline, gnu::cold]] void grow(std::size_t by) {
    std::vector<std::uint64_t> more(2 * room_ + by);
    std::memcpy(more.data(), keys_, size_ * sizeof *keys_);
    more_ = std::move(more);
    keys_ = more_.data();
    room_ = more_.size();
  }

  [[nodiscard, gnu::always_inline]] static bool pairs(const std::uint64_t* keys, std::size_t count) noexcept {
    bool equal = false;
    for (std::size_t i = 1; i < count; ++i) {
      for (std::size_t j = 0; j < i; ++j) equal |= keys[i] == keys[j];
    }
    return equal;
  }

  /// A table that is cleared once, not for each object.
  [[nodiscard, gnu::noinline]] bool table(const std::uint64_t* keys, std::size_t count) {
    const std::size_t slots = std::bit_ceil(4 * count);
    if (slots > most_slots) return large_table(keys, count);
    if (stamp_ == most_stamps - 1) stamp_ = cleared_ = 0;
    if (cleared_ < slots) {
      std::memset(table_ + cleared_, 0, (slots - cleared_) * sizeof *table_);
      cleared_ = slots;
    }
    ++stamp_;
    std::size_t steps = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t wanted = (keys[i] & ~(most_stamps - 1)) | stamp_;
      std::size_t slot = static_cast<std::size_t>(keys[i]) % slots;
      while (table_[slot] % most_stamps == stamp_) {
        if (table_[slot] == wanted || ++steps > 4 * count) return true;
        slot = (slot + 1) % slots;
      }
      table_[slot] = wanted;
    }
    return false;
  }

  [[nodiscard, gnu::noinline]] static bool large_table(const std::uint64_t* keys, std::size_t count) {
    const std::size_t slots = std::bit_ceil(2 * count);
    std::vector<std::uint64_t> all(slots);
    std::size_t steps = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t wanted = keys[i] | 1;
      std::size_t slot = static_cast<std::size_t>(keys[i] >> 1) % slots;
      while (all[slot] != 0) {
        if (all[slot] == wanted || ++steps > 4 * count) return true;
        slot = (slot + 1) % slots;
      }
      all[slot] = wanted;
    }
    return false;
  }

  std::uint64_t* keys_ = first_;  ///< Per open object: the base of the one around it, its keys.
  std::size_t room_ = sizeof first_ / sizeof *first_;
  std::size_t size_ = 0;
  std::size_t base_ = 0;  ///< Where the keys of the innermost open object begin.
  std::uint64_t stamp_ = 0;
  std::size_t cleared_ = 0;
  std::vector<std::uint64_t> more_ = {};
  std::uint64_t first_[128];
  std::uint64_t table_[most_slots];
};

/// 64 bits of the product of two numbers.
[[nodiscard, gnu::always_inline]] inline std::uint64_t multiplied(std::uint64_t left, std::uint64_t right) noexcept {
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(left ^ 0x9E3779B97F4A7C15u) * (right ^ 0xD1B54A32D192ED03u);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Without vector instructions: true if no object of `input`, which has been checked, has two keys that mean the same. False in doubt.
class plain_keys {
 public:
  explicit plain_keys(std::string_view input) noexcept : json_(input) {}

  [[nodiscard]] bool differ() {
    while (at_ < json_.size()) {
      const char c = json_[at_];
      if (c == '"') {
        read_string();
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') {
        open_.push(c == '{');
        if (c == '{') pile_.open_object();
      } else if (c == '}' || c == ']') {
        if (open_.depth() == 0) return false;
        const bool object = open_.in_object();
        open_.pop();
        if (object && pile_.close_object()) return false;
      }
    }
    return true;
  }

 private:
  void read_string() {
    const std::size_t begin = at_;
    bool escapes = false;
    for (++at_; at_ < json_.size(); at_ += 2) {
      std::uint64_t block = 0;
      for (; json_.size() - at_ >= sizeof block; at_ += sizeof block) {
        std::memcpy(&block, json_.data() + at_, sizeof block);
        if (may_stop<false>(block)) break;
      }
      while (at_ < json_.size() && json_[at_] != '"' && json_[at_] != '\\') ++at_;
      if (at_ >= json_.size() || json_[at_] == '"') break;
      escapes = true;
    }
    const std::string_view written = json_.substr(begin, ++at_ - begin);
    at_ = skip_space(json_, at_);
    if (at_ >= json_.size() || json_[at_] != ':' || open_.depth() == 0) return;
    const std::uint64_t hash[4] = {hash_of(escapes ? meaning(written, room_) : written.substr(1, written.size() - 2)), 0, 0, 0};
    pile_.add(hash, 1);
  }

  [[nodiscard]] static std::uint64_t hash_of(std::string_view key) noexcept {
    std::uint64_t word = 0;
    if (key.size() < sizeof word) {
      for (const char c : key) word = (word << 8) | static_cast<unsigned char>(c);
      return multiplied(key.size(), word);
    }
    std::uint64_t hash = key.size();
    for (std::size_t at = 0; at + sizeof word < key.size(); at += sizeof word) {
      std::memcpy(&word, key.data() + at, sizeof word);
      hash = multiplied(hash, word);
    }
    std::memcpy(&word, key.data() + key.size() - sizeof word, sizeof word);
    return multiplied(hash, word);
  }

  std::string_view json_;
  std::size_t at_ = 0;
  bracket_stack open_;
  std::string room_;
  key_pile pile_;
};

/// Hashes of keys.
template <class Lanes>
struct key_hash {
  static constexpr std::size_t step = 32;  ///< Any text that a key is in must have so many bytes.

  /// The hash of the `size` bytes at `at` in a text that ends at `end`. `escapes` becomes true if there are backslashes in them.
  [[nodiscard, gnu::always_inline]] static std::uint64_t of(const char* at, std::size_t size, const char* end, bool& escapes) noexcept {
    std::uint64_t hash = size;
    for (; size > step; at += step, size -= step) {
      const mixed_bytes some = Lanes::mix(at, step, step);
      escapes |= some.escapes;
      hash = multiplied(some.one ^ hash, some.two);
    }
    const mixed_bytes last = Lanes::mix(at, size, static_cast<std::size_t>(end - at));
    escapes |= last.escapes;
    return multiplied(last.one ^ hash, last.two);
  }

  /// The same of what `written` means, which has backslashes.
  [[nodiscard, gnu::noinline]] static std::uint64_t of_meaning(std::string_view written, std::string& room) {
    room.clear();
    append_unescaped(room, written);
    const std::size_t size = room.size();
    room.append(step, '\0');
    bool escapes = false;
    return of(room.data(), size, room.data() + room.size(), escapes);
  }
};

/// The hashes of the keys of a window, in the order of their colons.
struct key_state {
  std::size_t last_token = 0;  ///< Where the last token of the blocks before begins.
  std::size_t count = 0;
  std::size_t used = 0;  ///< So many of them are on the pile.
  std::string room = {};
  key_pile pile;
  std::uint64_t hashes[64 * block_window::most + 64 + 3];  ///< Of the blocks before, less than 64 may be left.
};

/// The stage of keys: before that of tokens.
template <class Lanes>
struct key_stage {
  /// Hashes the keys of a window. Returns not 0 if a colon has no string before it.
  [[nodiscard, gnu::always_inline]] static byte_bits collect(const block_window& window, key_state& state) {
    for (std::size_t i = state.used; i < state.count; ++i) state.hashes[i - state.used] = state.hashes[i];
    state.count -= state.used;
    state.used = 0;
    for (std::size_t i = 0; i < window.blocks; ++i) {
      const block_bits& bits = window.bits[i];
      const std::size_t block_at = window.at + 64 * i;
      for (byte_bits colons = bits.structure & ~(bits.bit_0 | bits.bit_2); colons != 0; colons &= colons - 1) {
        const byte_bits before = bits.tokens & ((colons & (0 - colons)) - 1);
        const std::size_t begin = before != 0 ? block_at + last_of(before) : state.last_token;
        const std::size_t colon = block_at + static_cast<std::size_t>(__builtin_ctzll(colons));
        if (!add(window, begin, colon, state)) return 1;
      }
      if (bits.tokens != 0) state.last_token = block_at + last_of(bits.tokens);
    }
    return 0;
  }

 private:
  [[nodiscard, gnu::always_inline]] static std::size_t last_of(byte_bits some) noexcept {
    return 63 - static_cast<std::size_t>(__builtin_clzll(some));
  }

  /// Adds the hash of the key that begins at `begin` and stands before the colon at `colon`; false if there is no string.
  [[nodiscard, gnu::always_inline]] static bool add(const block_window& window, std::size_t begin, std::size_t colon, key_state& state) {
    std::size_t end = colon;
    while (end > begin && is_space(window.input[end - 1])) --end;
    if (end < begin + 2 || window.input[end - 1] != '"') return false;
    bool escapes = false;
    std::uint64_t hash = key_hash<Lanes>::of(window.input + begin + 1, end - begin - 2, window.input + window.size, escapes);
    if (escapes) hash = key_hash<Lanes>::of_meaning({window.input + begin, end - begin}, state.room);
    state.hashes[state.count++] = hash;
    return true;
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_VALIDATE_KEYS_HPP
