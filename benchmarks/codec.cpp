// Codecs against the library behind them, its state reused.

#include "documents.hpp"
#include "harness.hpp"

#include <lake/codec/gzip.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include <zlib.h>

namespace bench {
namespace {

constexpr int gzip_bits = 15 + 16;
constexpr int level = 1;

lake::codec_context context() { return {"lake", "tenants/1", lake::object_kind::delta, lake::time_seq{1'700'000'000, 1}}; }

void demand(int status, int wanted) {
  if (status != wanted) throw std::runtime_error(std::string("zlib: ") + zError(status));
}

Bytef* bytes_of(std::string& from) { return reinterpret_cast<Bytef*>(from.data()); }

/// One deflate and one inflate stream, reset for every text.
class plain_zlib {
 public:
  plain_zlib() {
    demand(deflateInit2(&deflater_, level, Z_DEFLATED, gzip_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    demand(inflateInit2(&inflater_, gzip_bits), Z_OK);
  }
  plain_zlib(const plain_zlib&) = delete;
  plain_zlib& operator=(const plain_zlib&) = delete;
  ~plain_zlib() {
    deflateEnd(&deflater_);
    inflateEnd(&inflater_);
  }

  void encode(std::string& plain, std::string& out) {
    deflateReset(&deflater_);
    out.resize(deflateBound(&deflater_, static_cast<uLong>(plain.size())));
    set(deflater_, plain, out);
    demand(deflate(&deflater_, Z_FINISH), Z_STREAM_END);
    out.resize(deflater_.total_out);
  }
  void decode(std::string& stored, std::string& out, std::size_t bytes) {
    inflateReset(&inflater_);
    out.resize(bytes);
    set(inflater_, stored, out);
    demand(inflate(&inflater_, Z_FINISH), Z_STREAM_END);
  }

 private:
  static void set(z_stream& stream, std::string& in, std::string& out) {
    stream.next_in = bytes_of(in);
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = bytes_of(out);
    stream.avail_out = static_cast<uInt>(out.size());
  }

  z_stream deflater_{};
  z_stream inflater_{};
};

workload encode(std::size_t bytes) {
  const auto ours = [bytes] {
    return [codec = lake::gzip_codec({.level = level}), plain = make_document(bytes)](std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        std::string out;
        codec.encode(context(), plain, out).value();
        keep(out.size());
      }
    };
  };
  const auto rival = [bytes] {
    return [zlib = std::make_shared<plain_zlib>(), plain = make_document(bytes)](std::size_t count) mutable {
      for (std::size_t i = 0; i < count; ++i) {
        std::string out;
        zlib->encode(plain, out);
        keep(out.size());
      }
    };
  };
  return {.what = "gzip level 1, a document of " + std::to_string(make_document(bytes).size()) + " bytes, to the stored form",
          .bytes = static_cast<double>(bytes),
          .contenders = {{"gzip_codec", role::ours, ours}, {"zlib, state reused", role::limit, rival}}};
}

workload decode(std::size_t bytes) {
  std::string plain = make_document(bytes);
  std::string stored;
  plain_zlib().encode(plain, stored);
  const std::size_t size = plain.size();
  const auto ours = [stored, size] {
    return [codec = lake::gzip_codec({.level = level}), stored, size](std::size_t count) {
      const lake::codec_ids applied{.ids = {lake::gzip_codec_id}};
      for (std::size_t i = 0; i < count; ++i) keep(codec.decode(context(), applied, stored, size).value().size());
    };
  };
  const auto rival = [stored, size] {
    return [zlib = std::make_shared<plain_zlib>(), stored, size](std::size_t count) mutable {
      for (std::size_t i = 0; i < count; ++i) {
        std::string out;
        zlib->decode(stored, out, size);
        keep(out.size());
      }
    };
  };
  return {.what = "gzip, a document of " + std::to_string(size) + " bytes, from the stored form",
          .bytes = static_cast<double>(size),
          .contenders = {{"gzip_codec", role::ours, ours}, {"zlib, state reused", role::limit, rival}}};
}

}  // namespace

void add_codec_workloads(std::vector<entry>& all) {
  all.push_back({"codec_gzip_encode_1k", [](const settings&) { return encode(1'000); }});
  all.push_back({"codec_gzip_encode_100k", [](const settings&) { return encode(100'000); }});
  all.push_back({"codec_gzip_decode_1k", [](const settings&) { return decode(1'000); }});
  all.push_back({"codec_gzip_decode_100k", [](const settings&) { return decode(100'000); }});
}

}  // namespace bench
