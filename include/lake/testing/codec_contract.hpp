// The law of a codec as code: any codec, ours or yours, runs through it. Knows no test framework.
#ifndef LAKE_TESTING_CODEC_CONTRACT_HPP
#define LAKE_TESTING_CODEC_CONTRACT_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/testing/contract.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing {

/// What the codec under test promises beyond the common law.
struct codec_promises {
  bool deterministic = true;   ///< Equal input gives equal bytes (a codec that draws nonces says false).
  bool authenticates = false;  ///< Any change of the stored bytes is an error.
};

namespace detail_codec {

/// Reproducible bytes without structure.
[[nodiscard]] inline std::string noise(std::size_t bytes, std::uint64_t seed) {
  std::string out;
  out.reserve(bytes);
  for (std::uint64_t word = seed; out.size() < bytes;) {
    word += 0x9e3779b97f4a7c15U;
    const std::uint64_t mixed = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    out.push_back(static_cast<char>((mixed ^ (mixed >> 27U)) & 0xffU));
  }
  return out;
}

/// A JSON document of about that size.
[[nodiscard]] inline std::string json(std::size_t bytes) {
  std::string out = "{\"users\":[";
  for (std::size_t i = 0; out.size() + 2 < bytes; ++i) {
    if (i > 0) out += ',';
    out += "{\"id\":" + std::to_string(i) + ",\"name\":\"user " + std::to_string(i * 7919 % 1000) + "\",\"active\":true}";
  }
  return out + "]}";
}

struct sample {
  std::string name;
  std::string plain;
};

/// Bodies of every sort a codec meets, the large one apart.
[[nodiscard]] inline std::vector<sample> samples() {
  return {{"an empty body", ""},
          {"one byte", "x"},
          {"one zero byte", std::string(1, '\0')},
          {"a small JSON", json(60)},
          {"a JSON of 200 bytes", json(200)},
          {"a JSON of 64 KiB", json(std::size_t{64} << 10U)},
          {"200 random bytes", noise(200, 1)},
          {"64 KiB of random bytes", noise(std::size_t{64} << 10U, 2)},
          {"10,000 equal bytes", std::string(10'000, 'a')},
          {"text with zero bytes", std::string(500, '\0') + "middle" + std::string(500, '\0')}};
}

[[nodiscard]] inline codec_context context() noexcept {
  return {"00112233445566778899aabbccddeeff", "users", object_kind::delta, time_seq{1'700'000'000, 1}};
}

/// A body as a codec stored it.
struct stored_body {
  codec_ids applied;
  std::string bytes;
};

/// Encodes, noting a failure and what contradicts the codec's own constants.
template <class Codec>
[[nodiscard]] stored_body encoded(const Codec& codec, const sample& body, findings& found) {
  stored_body stored;
  const result<codec_ids> applied = codec.encode(context(), body.plain, stored.bytes);
  if (!found.check(applied.has_value(), body.name + " is not encoded")) return stored;
  stored.applied = *applied;
  if (applied->empty()) {
    found.check(stored.bytes == body.plain, body.name + ": no codec was applied, yet the bytes were changed");
    found.check(Codec::plain_allowed, body.name + ": no codec was applied, though plain bodies are not allowed");
  } else {
    found.check(!Codec::passthrough, body.name + ": a codec was applied, though encode is said to change nothing");
  }
  return stored;
}

template <class Codec>
void round_trip(const Codec& codec, const sample& body, findings& found) {
  const stored_body stored = encoded(codec, body, found);
  const result<std::string> plain = codec.decode(context(), stored.applied, stored.bytes, body.plain.size());
  if (!plain) {
    found.check(false, body.name + " is not decoded: " + plain.error().to_string());
    return;
  }
  found.check(*plain == body.plain, body.name + " comes back changed");
}

template <class Codec>
void keeps_out(const Codec& codec, findings& found) {
  for (const sample& body : samples()) {
    std::string out = "before";
    const result<codec_ids> applied = codec.encode(context(), body.plain, out);
    if (!found.check(applied.has_value() && out.starts_with("before"), body.name + ": encode does not append")) continue;
    const result<std::string> plain = codec.decode(context(), *applied, std::string_view(out).substr(6), body.plain.size());
    found.check(plain == body.plain, body.name + ": what was appended does not decode");
  }
}

template <class Codec>
void repeats(const Codec& codec, const Codec& another, findings& found) {
  for (const sample& body : samples()) {
    const stored_body first = encoded(codec, body, found);
    const stored_body second = encoded(codec, body, found);
    const stored_body third = encoded(another, body, found);
    found.check(first.bytes == second.bytes && first.applied == second.applied, body.name + ": encoded twice, two forms");
    found.check(first.bytes == third.bytes && first.applied == third.applied, body.name + ": another codec of the same kind, another form");
  }
}

/// Damaged bytes give an error or the very bytes that were encoded.
template <class Codec>
void decode_damaged(const Codec& codec, const codec_promises& promises, const sample& body, const codec_ids& applied,
                    std::string_view damaged, const std::string& how, findings& found) {
  const result<std::string> plain = codec.decode(context(), applied, damaged, body.plain.size());
  if (!plain) {
    found.check(plain.error().code == errc::corrupt_body, body.name + ", " + how + ": the error is " + plain.error().to_string());
    return;
  }
  found.check(*plain == body.plain, body.name + ", " + how + ": decodes to other bytes");
  found.check(!promises.authenticates, body.name + ", " + how + ": is not noticed");
}

template <class Codec>
void truncations(const Codec& codec, const codec_promises& promises, findings& found) {
  const std::vector<sample> bodies = {{"a JSON of 400 bytes", json(400)}, {"one byte", "x"}, {"300 random bytes", noise(300, 3)}};
  for (const sample& body : bodies) {
    const stored_body stored = encoded(codec, body, found);
    for (std::size_t kept = 0; kept < stored.bytes.size(); ++kept) {
      const std::string_view cut = std::string_view(stored.bytes).substr(0, kept);
      decode_damaged(codec, promises, body, stored.applied, cut, "cut to " + std::to_string(kept) + " bytes", found);
    }
    const std::string longer = stored.bytes + '\0';
    const result<std::string> plain = codec.decode(context(), stored.applied, longer, body.plain.size());
    found.check(!plain && plain.error().code == errc::corrupt_body, body.name + ": a byte behind the end is not corrupt_body");
  }
}

/// Bodies that no codec changed are left to the envelope's digest.
template <class Codec>
void flips(const Codec& codec, const codec_promises& promises, findings& found) {
  for (const sample& body : {sample{"a JSON of 400 bytes", json(400)}, sample{"a JSON of 4,000 bytes", json(4'000)}}) {
    const stored_body stored = encoded(codec, body, found);
    if (stored.applied.empty()) continue;
    for (std::size_t bit = 0; bit < stored.bytes.size() * 8; ++bit) {
      std::string damaged = stored.bytes;
      damaged[bit / 8] = static_cast<char>(static_cast<unsigned char>(damaged[bit / 8]) ^ (1U << (bit % 8)));
      decode_damaged(codec, promises, body, stored.applied, damaged, "bit " + std::to_string(bit) + " flipped", found);
    }
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      const std::string rubbish = noise(seed, seed);
      decode_damaged(codec, promises, body, stored.applied, rubbish, "replaced by noise of seed " + std::to_string(seed), found);
    }
  }
}

/// Lengths that are absurd must be refused before they are allocated: the test would not survive it otherwise.
template <class Codec>
void wrong_lengths(const Codec& codec, findings& found) {
  for (const sample& body : samples()) {
    const stored_body stored = encoded(codec, body, found);
    std::vector<std::size_t> wrong = {body.plain.size() + 1, body.plain.size() * 2 + 7, SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 1032};
    if (!body.plain.empty()) wrong.insert(wrong.end(), {0, body.plain.size() - 1, body.plain.size() / 2});
    for (const std::size_t length : wrong) {
      const result<std::string> plain = codec.decode(context(), stored.applied, stored.bytes, length);
      found.check(!plain && plain.error().code == errc::corrupt_body,
                  body.name + ": decoded as " + std::to_string(length) + " bytes it is not corrupt_body");
    }
  }
}

/// A few stored bytes that stand for many are refused at the announced length.
template <class Codec>
void bombs(const Codec& codec, findings& found) {
  const sample body{"8 MiB of equal bytes", std::string(std::size_t{8} << 20U, ' ')};
  const stored_body stored = encoded(codec, body, found);
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{1'000}, body.plain.size() - 1}) {
    const result<std::string> plain = codec.decode(context(), stored.applied, stored.bytes, length);
    found.check(!plain && plain.error().code == errc::corrupt_body, "a body longer than announced is not corrupt_body");
  }
  round_trip(codec, body, found);
}

template <class Codec>
void unknown_ids(const Codec& codec, findings& found) {
  const sample body{"a JSON of 400 bytes", json(400)};
  const stored_body stored = encoded(codec, body, found);
  codec_ids strange;
  strange.push(250);
  codec_ids too_many = stored.applied;
  too_many.push(250);
  for (const codec_ids& applied : {strange, too_many}) {
    const result<std::string> plain = codec.decode(context(), applied, stored.bytes, body.plain.size());
    if (!found.check(!plain && plain.error().code == errc::configuration, "a codec nobody knows is not errc::configuration")) continue;
    found.check(plain.error().message.find("250") != std::string::npos, "the error does not name codec 250: " + plain.error().to_string());
  }
}

template <class Codec>
void threads(const Codec& codec, findings& found) {
  std::vector<findings> each(4);
  std::vector<std::thread> running;
  for (std::size_t thread = 0; thread < each.size(); ++thread) {
    running.emplace_back([&each, thread, own = codec] {
      for (std::size_t turn = 0; turn < 200; ++turn) {
        round_trip(own, {"a JSON in a thread", json(50 + (thread * 131 + turn * 37) % 3'000)}, each[thread]);
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  for (findings& of : each) {
    for (std::string& sentence : std::move(of).take()) found.check(false, std::move(sentence));
  }
}

}  // namespace detail_codec

/// The laws of a codec, as cases to run one by one or by `run_contract`. `make()` returns a codec; two of them are alike.
/// Complexity: a few seconds at most; the largest body is 8 MiB.
template <class Make>
[[nodiscard]] std::vector<contract_case> codec_contract(Make make, codec_promises promises = {}) {
  using namespace detail_codec;  // NOLINT(google-build-using-namespace): the cases are short because of it
  const auto law = [make](std::string name, auto body) {
    return contract_case{std::move(name), [make, body] {
                           findings found;
                           body(make, found);
                           return std::move(found).take();
                         }};
  };
  std::vector<contract_case> cases;
  cases.push_back(law("decode gives back what encode was given", [](const Make& of, findings& found) {
    const auto codec = of();
    for (const sample& body : samples()) round_trip(codec, body, found);
  }));
  cases.push_back(law("a large compressible body comes back", [](const Make& of, findings& found) {
    round_trip(of(), {"a JSON of 8 MiB", json(std::size_t{8} << 20U)}, found);
  }));
  cases.push_back(law("what is encoded already comes back when encoded again", [](const Make& of, findings& found) {
    const auto codec = of();
    round_trip(codec, {"an encoded JSON", encoded(codec, {"a JSON of 64 KiB", json(std::size_t{64} << 10U)}, found).bytes}, found);
  }));
  cases.push_back(law("encode appends and keeps what is there", [](const Make& of, findings& found) { keeps_out(of(), found); }));
  if (promises.deterministic) {
    cases.push_back(law("equal bodies are encoded to equal bytes", [](const Make& of, findings& found) { repeats(of(), of(), found); }));
  }
  cases.push_back(law("a truncated body is never decoded to other bytes", [promises](const Make& of, findings& found) {
    truncations(of(), promises, found);
  }));
  cases.push_back(law("a damaged body is never decoded to other bytes", [promises](const Make& of, findings& found) {
    flips(of(), promises, found);
  }));
  cases.push_back(law("a wrong length is refused", [](const Make& of, findings& found) { wrong_lengths(of(), found); }));
  cases.push_back(law("a body longer than announced is refused", [](const Make& of, findings& found) { bombs(of(), found); }));
  cases.push_back(law("codecs it does not know are refused by number", [](const Make& of, findings& found) { unknown_ids(of(), found); }));
  cases.push_back(law("copies of one codec work in many threads", [](const Make& of, findings& found) { threads(of(), found); }));
  return cases;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing

#endif  // LAKE_TESTING_CODEC_CONTRACT_HPP
