// From the sparse tree back to text: what was not changed is copied in as long runs as possible. Knows no delta.
#ifndef LAKE_MERGE_SPARSE_OUTPUT_HPP
#define LAKE_MERGE_SPARSE_OUTPUT_HPP

#include <lake/config.hpp>
#include <lake/merge/sparse/arena.hpp>
#include <lake/merge/sparse/model.hpp>
#include <lake/merge/sparse/reader.hpp>
#include <lake/merge/sparse/sequence.hpp>

#include <cstddef>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse {

/// Collects the runs of text that a value consists of, so that the result is allocated once, at its size. Confined to one merge.
class output {
 public:
  explicit output(arena& memory) : memory_(memory) {}

  /// Sets the runs to those of `of`. Complexity: linear in what deltas reached of it. No recursion.
  void collect(const value& of) {
    last_ = first_;
    newest_ = stop_ = nullptr;
    last_end_ = nullptr;
    put(of);
    while (!open_.empty()) {
      if (open_.back().in->object) write_object();
      else write_array();
    }
    bytes_ = runs_ = 0;
    for_each_run([&](const char* begin, const char* end) {
      bytes_ += static_cast<std::size_t>(end - begin);
      ++runs_;
    });
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// Appends the runs to `out`. Zeroes the room first where the runs are short: one memset costs less than an append for each.
  void append_to(std::string& out) const {
    constexpr std::size_t short_bytes = 512;
    if (bytes_ / short_bytes < runs_) {
      const std::size_t before = out.size();
      out.resize(before + bytes_);
      char* to = out.data() + before;
      for_each_run([&to](const char* begin, const char* end) {
        const auto size = static_cast<std::size_t>(end - begin);
        copy(to, {begin, size});
        to += size;
      });
      return;
    }
    out.reserve(out.size() + bytes_);
    for_each_run([&out](const char* begin, const char* end) { out.append(begin, end); });
  }

 private:
  struct run {
    const char* begin;
    const char* end;
  };
  struct chunk {
    chunk* next;
    run runs[63];
  };
  /// A changed container that is being written.
  struct frame {
    const box* in;
    const member* at;        ///< The member whose turn is next.
    const piece* part;       ///< The piece whose turn is next.
    const char* run;         ///< From here on the text is still to be written.
    bool any = false;        ///< A member or element that is left has been written.
    bool behind_text = false; ///< The members of the text are done.
  };

  /// Copies the first and the last `Part` bytes, which meet where there are no more than twice as many.
  template <std::size_t Part>
  static void copy_ends(char* to, std::string_view from) noexcept {
    std::memcpy(to, from.data(), Part);
    std::memcpy(to + from.size() - Part, from.data() + from.size() - Part, Part);
  }
  /// As memcpy, but short runs, of which there are most, make no call.
  static void copy(char* to, std::string_view from) noexcept {
    if (from.size() > 32) std::memcpy(to, from.data(), from.size());
    else if (from.size() >= 16) copy_ends<16>(to, from);
    else if (from.size() >= 8) copy_ends<8>(to, from);
    else if (from.size() >= 4) copy_ends<4>(to, from);
    else for (std::size_t i = 0; i < from.size(); ++i) to[i] = from[i];
  }

  template <class Visit>
  void for_each_run(const Visit& visit) const {
    for (const chunk* each = newest_ != nullptr ? first_ : nullptr; each != nullptr; each = each == last_ ? nullptr : each->next) {
      const run* const stop = each == last_ ? newest_ + 1 : std::end(each->runs);
      for (const run* one = std::begin(each->runs); one != stop; ++one) visit(one->begin, one->end);
    }
  }

  __attribute__((always_inline)) void put(const char* begin, const char* end) {
    if (begin == end) return;
    if (begin == last_end_) {
      newest_->end = end;
    } else {
      if (newest_ == stop_) [[unlikely]] add_chunk();
      else ++newest_;
      *newest_ = {begin, end};
    }
    last_end_ = end;
  }
  void put(std::string_view text) { put(text.data(), text.data() + text.size()); }
  __attribute__((noinline)) void add_chunk() {
    chunk*& following = newest_ == nullptr ? first_ : last_->next;
    if (following == nullptr) {
      following = memory_.array<chunk>(1);
      following->next = nullptr;
    }
    last_ = following;
    newest_ = std::begin(last_->runs);
    stop_ = std::end(last_->runs) - 1;
  }
  /// Writes a value. True if it is a changed container: then it was opened, and frames have moved.
  bool put(const value& of) {
    if (of.inner == nullptr || !of.inner->dirty) {
      put(of.inner != nullptr ? of.inner->text : of.raw);
      return false;
    }
    const box& in = *of.inner;
    if (in.compact) put(in.object ? std::string_view("{") : std::string_view("["));
    open_.push({&in, in.compact ? in.fresh : in.first, sequence::front(in), in.text.data()});
    return true;
  }
  void close() {
    put(open_.back().in->object ? std::string_view("}") : std::string_view("]"));
    open_.pop();
  }

  void write_object();
  [[nodiscard]] bool write_text_member(frame& now, const member& one);
  void write_array();

  arena& memory_;
  chunk* first_ = nullptr;
  chunk* last_ = nullptr;             ///< The one that is being filled ...
  run* newest_ = nullptr;             ///< ... behind this run ...
  run* stop_ = nullptr;               ///< ... up to this one.
  const char* last_end_ = nullptr;    ///< Where the newest run ends.
  std::size_t bytes_ = 0;
  std::size_t runs_ = 0;
  stack<frame> open_{memory_};
};

/// Writes up to a changed container among the members, or to the end.
inline void output::write_object() {
  frame& now = open_.back();
  const box& in = *now.in;
  while (now.at != in.fresh && !now.behind_text) {
    const member& one = *now.at;
    now.at = one.next;
    if (write_text_member(now, one)) return;
  }
  if (!in.compact && !now.behind_text && in.fresh != nullptr) {
    const char* const last_end = end_before(in.text.data(), in.text.data() + in.text.size() - 1);
    if (last_end > now.run) {
      put(now.run, last_end);
      now.run = last_end;
      now.any = true;
    }
  }
  now.behind_text = true;
  while (now.at != nullptr) {
    const member& one = *now.at;
    now.at = one.next;
    if (one.removed) continue;
    // New members stand behind each other in many a patch; their commas then come along with them.
    const bool comma_here = one.key[-1] == ',';
    if (now.any && !comma_here) put(",");
    const char* const begin = one.key - (now.any && comma_here ? 1 : 0);
    now.any = true;
    if (one.now.inner == nullptr && one.now.raw.data() == one.begin) {
      put(begin, one.begin + one.now.raw.size());
      continue;
    }
    put(begin, one.begin);
    if (put(one.now)) return;
  }
  if (in.compact) return close();
  put(now.run, in.text.data() + in.text.size());
  open_.pop();
}

/// Writes what is due when the turn comes to a member of the text. True if frames have moved. A removed member takes the separator
/// before it along, but behind it if no member before it is left.
inline bool output::write_text_member(frame& now, const member& one) {
  const std::string_view text = now.in->text;
  if (one.removed) {
    const char* const before = end_before(text.data(), one.key);
    if (before > (now.run == text.data() ? text.data() + 1 : now.run)) now.any = true;
    if (now.any) {
      put(now.run, before);
      now.run = one.end;
    } else {
      if (now.run == text.data()) put(text.data(), one.key);
      const char* const behind = begin_behind(one.end, text.data() + text.size());
      now.run = behind != nullptr ? behind : one.end;
    }
    return false;
  }
  if (!one.changed && (one.now.inner == nullptr || !one.now.inner->dirty)) return false;
  put(now.run, one.begin);
  now.run = one.end;
  now.any = true;
  return put(one.now);
}

/// Writes up to a changed container among the elements, or to the end.
inline void output::write_array() {
  frame& now = open_.back();
  const box& in = *now.in;
  if (!in.compact && !now.any) put(in.text.data(), in.count != 0 ? in.begins[0] : in.last_end);
  while (now.part != nullptr) {
    const piece& one = *now.part;
    now.part = one.next;
    if (std::exchange(now.any, true)) {
      if (one.glued) put(sequence::end_of(in, one.first - 1), in.begins[one.first]);
      else put(",");
    }
    if (!one.own) put(sequence::text_of(in, one.first, one.elements));
    else if (put(one.now)) return;
  }
  if (in.compact) return close();
  put(in.last_end, in.text.data() + in.text.size());
  open_.pop();
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_OUTPUT_HPP
