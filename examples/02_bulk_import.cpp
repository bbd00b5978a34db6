// Imports many JSON documents into a lake in a folder, and can be run again after anything, even a kill -9: what is there is not
// written twice. Each element of the file becomes one catalog.
//
//   02_bulk_import --lines FILE FOLDER               one JSON value a line
//   02_bulk_import --array POINTER FILE FOLDER       the elements of the array at a JSON Pointer ("" is the whole document)
//   02_bulk_import --object POINTER FILE FOLDER      the members of the object there
//   02_bulk_import [FOLDER]                          a built-in sample, twice, as a test
//
// How it resumes: it asks the lake. An element whose catalog already holds exactly its bytes is left alone; there is no record of
// progress that could be lost, or be ahead of what was written. A write that a killed run left in flight hides what comes after it
// until it ages out (two minutes): such elements are put off to the end and waited for, so that none is written a second time.

#include "support/elements.hpp"
#include "support/progress.hpp"
#include "support/temporary_folder.hpp"

#include <lake/embedded.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include <sys/resource.h>

constexpr std::string_view usage =
    "usage: 02_bulk_import (--lines | --array POINTER | --object POINTER) [options] FILE FOLDER\n"
    "       02_bulk_import [FOLDER]    imports a built-in sample twice and checks that the second time adds nothing\n"
    "\n"
    "  --lines               FILE holds one JSON value a line\n"
    "  --array POINTER       imports the elements of the array at this JSON Pointer; \"\" is the whole document\n"
    "  --object POINTER      imports the members of the object there, under their names\n"
    "  --catalog-field NAME  the catalog's name is this member of the element (default: member name, index or line number, from 0)\n"
    "  --prefix TEXT         goes before every catalog's name\n"
    "  --batch N             elements written together, 1 to 10000 (default 256)\n"
    "  --verify              instead of writing, compare every element with what the lake holds\n"
    "\n"
    "Ends with 0; 1 if an element failed or, with --verify, differs; 2 for a wrong command line or a file that cannot be read.\n";

enum class source { lines, array, object };

struct settings {
  source from = source::lines;
  std::string pointer;
  std::string catalog_field;
  std::string prefix;
  std::size_t batch = 256;
  bool verify = false;
  std::filesystem::path file;
  std::filesystem::path folder;
};

struct element {
  std::string catalog;
  std::string body;
};

struct totals {
  std::uint64_t imported = 0;   // With --verify: found equal.
  std::uint64_t unchanged = 0;
  std::uint64_t failed = 0;     // With --verify: missing or different.
  std::uint64_t bytes = 0;
};

/// Something is wrong with the command line or the file: exit code 2.
struct unusable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// --- Where elements come from ----------------------------------------------------------------------------------------------------

/// The catalog's name: the field of the element if one was asked for, else its place, a member name or a number.
lake::result<std::string> name_of(const settings& with, std::string_view body, const std::string& place) {
  if (with.catalog_field.empty()) return with.prefix + place;
  std::string pointer = "/";
  for (const char c : with.catalog_field) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  const auto field = lake::merge::find(body, pointer);
  if (!field) return field.error();
  if (!field->starts_with('"')) return with.prefix + std::string(*field);
  return lake::merge::to_value<std::string>(*field).transform([&](const std::string& plain) { return with.prefix + plain; });
}

/// Calls `use(name, body, bytes of the file behind us)` for every line that is not blank.
template <class Use>
void for_each_line(const settings& with, const Use& use) {
  std::ifstream in(with.file, std::ios::binary);
  if (!in) throw unusable("cannot open " + with.file.string());
  std::uint64_t number = 0;
  std::uint64_t read = 0;
  for (std::string line; std::getline(in, line); ++number) {
    read += line.size() + 1;
    const std::string_view body = lake::merge::trim(line);
    if (!body.empty()) use(std::to_string(number), body, read);
  }
  if (in.bad()) throw unusable("cannot read " + with.file.string());
}

/// The document with the container, read and checked before a lake is opened for it.
std::string load_document(const settings& with) {
  std::ifstream in(with.file, std::ios::binary);
  if (!in) throw unusable("cannot open " + with.file.string());
  std::string document(static_cast<std::size_t>(std::filesystem::file_size(with.file)), '\0');
  if (!in.read(document.data(), static_cast<std::streamsize>(document.size()))) throw unusable("cannot read " + with.file.string());
  if (const auto valid = lake::merge::validate(document); !valid) throw unusable(with.file.string() + ": " + valid.error().message);
  const auto container = lake::merge::find(document, with.pointer);
  if (!container) throw unusable(with.file.string() + ": " + container.error().message);
  if (!container->starts_with(with.from == source::object ? '{' : '[')) {
    throw unusable(with.file.string() + ": there is no " + (with.from == source::object ? "object" : "array") + " at \"" + with.pointer + '"');
  }
  return document;
}

/// The same for the elements or members of the container. The text stays as it is: elements are views of it.
template <class Use>
void for_each_child(const settings& with, std::string_view document, const Use& use) {
  const std::string_view container = lake::merge::find(document, with.pointer).value();
  const auto behind = [&](std::string_view body) { return static_cast<std::uint64_t>(body.data() + body.size() - document.data()); };
  if (with.from == source::object) {
    const auto members = lake::merge::members(container).value();
    for (const auto& [name, body] : members) use(name, body, behind(body));
  } else {
    std::uint64_t index = 0;
    examples::for_each_element(container, [&](std::string_view body) { use(std::to_string(index++), body, behind(body)); });
  }
}

// --- What happens to them --------------------------------------------------------------------------------------------------------

/// Takes elements, a batch at a time, to their catalogs. Confined to one thread.
class importer {
 public:
  importer(lake::embedded_lake& db, const settings& with, examples::progress& bar) : db_(db), with_(with), bar_(bar) {}

  /// `place` is the element's name or number in the file.
  void add(const std::string& place, std::string_view body) {
    auto catalog = name_of(with_, body, place);
    if (!catalog) return fail("element " + place + " gives no name", catalog.error());
    if (!names_.insert(*catalog).second) {
      return fail(*catalog, {lake::errc::already_exists, "import", *catalog, "two elements of the file have this name; the first one counts"});
    }
    counts_.bytes += body.size();
    batch_.push_back({*std::move(catalog), std::string(body)});
    if (batch_.size() >= with_.batch) flush();
  }

  /// Settles what is left, and what had to be put off.
  totals finish() {
    flush();
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(150);  // Longer than a lake's pending timeout.
    if (!put_off_.empty()) bar_.say(std::to_string(put_off_.size()) + " elements wait for writes in flight, of a killed run at most two minutes");
    while (!put_off_.empty() && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      for (std::vector<element> again = std::exchange(put_off_, {}); !again.empty();) {
        const std::size_t taken = (std::min)(again.size(), with_.batch);
        batch_.assign(std::make_move_iterator(again.end() - static_cast<std::ptrdiff_t>(taken)), std::make_move_iterator(again.end()));
        again.resize(again.size() - taken);
        flush();
      }
    }
    for (const element& each : put_off_) {
      fail(each.catalog, {lake::errc::pending_write, "import", each.catalog, "another write is still in flight; run this again"});
    }
    return counts_;
  }

  [[nodiscard]] std::uint64_t settled() const { return counts_.imported + counts_.unchanged + counts_.failed; }

 private:
  /// Compares a batch with the lake, one index round trip for all, and writes what is missing or different.
  void flush() {
    std::vector<std::string> names;
    for (const element& each : batch_) names.push_back(each.catalog);
    const auto lists = db_.batch_list(names);

    std::vector<element> missing;
    std::vector<lake::time_seq> versions;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      const auto document = lists[i].read_string();
      if (!document && document.error().code == lake::errc::pending_write) {
        put_off_.push_back(std::move(batch_[i]));
      } else if (!document) {
        fail(batch_[i].catalog, document.error());
      } else if (lists[i].exists() && *document == batch_[i].body) {
        ++(with_.verify ? counts_.imported : counts_.unchanged);
      } else if (with_.verify) {
        fail(batch_[i].catalog, {lake::errc::not_found, "verify", batch_[i].catalog, lists[i].exists() ? "is different" : "is missing"});
      } else {
        missing.push_back(std::move(batch_[i]));
        versions.push_back(lists[i].version());
      }
    }
    batch_.clear();
    write(std::move(missing), versions);
  }

  /// Writes on condition that nobody wrote since the comparison, so that two imports at once do not double anything either.
  void write(std::vector<element> missing, const std::vector<lake::time_seq>& versions) {
    std::vector<lake::write_request> requests;
    for (std::size_t i = 0; i < missing.size(); ++i) {
      requests.push_back({.catalog = missing[i].catalog, .body = missing[i].body, .expected = versions[i]});
    }
    const auto outcomes = db_.write_many(requests);
    for (std::size_t i = 0; i < missing.size(); ++i) {
      if (outcomes[i]) {
        ++counts_.imported;
      } else if (outcomes[i].error().code == lake::errc::version_conflict || outcomes[i].error().code == lake::errc::pending_write) {
        put_off_.push_back(std::move(missing[i]));
      } else {
        fail(missing[i].catalog, outcomes[i].error());
      }
    }
  }

  void fail(const std::string& what, const lake::error& reason) {
    constexpr std::uint64_t told_at_most = 10;
    if (++counts_.failed <= told_at_most) bar_.say(what + ": " + reason.to_string());
    if (counts_.failed == told_at_most) bar_.say("(more failures are counted, not told)");
  }

  lake::embedded_lake& db_;
  const settings& with_;
  examples::progress& bar_;
  std::vector<element> batch_;
  std::vector<element> put_off_;
  std::unordered_set<std::string> names_;
  totals counts_;
};

totals import_file(const settings& with) {
  const std::string document = with.from == source::lines ? std::string() : load_document(with);
  // Comparing must write nothing, so reads save no snapshots; and what is read once need not be kept.
  auto db = lake::open_embedded(with.folder, {.snapshots = lake::snapshot_policy::never(), .document_cache_bytes = 0}).value();
  std::error_code failed;
  const std::uint64_t size = std::filesystem::file_size(with.file, failed);
  if (failed) throw unusable("cannot read " + with.file.string() + ": " + failed.message());
  examples::progress bar(size);
  importer to(db, with, bar);
  const auto take = [&](const std::string& place, std::string_view body, std::uint64_t behind) {
    to.add(place, body);
    bar.show(behind, to.settled());
  };
  if (with.from == source::lines) for_each_line(with, take);
  else for_each_child(with, document, take);
  return to.finish();
}

int run(const settings& with) {
  const auto begin = std::chrono::steady_clock::now();
  const totals made = import_file(with);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const double elements = static_cast<double>(made.imported + made.unchanged + made.failed);
  std::printf(with.verify ? "equal %llu, different or missing %llu\n" : "imported %llu, unchanged %llu, failed %llu\n",
              static_cast<unsigned long long>(made.imported), static_cast<unsigned long long>(with.verify ? made.failed : made.unchanged),
              static_cast<unsigned long long>(made.failed));
  std::printf("%.2f s, %.0f elements/s, %.2f MB/s, peak memory %.1f MB\n", seconds, elements / seconds,
              static_cast<double>(made.bytes) / seconds / 1e6, static_cast<double>(used.ru_maxrss) * 1024 / 1e6);
  return made.failed == 0 ? 0 : 1;
}

/// Imports a few elements twice: the second time must add nothing.
int run_sample(const std::filesystem::path& folder) {
  settings with;
  with.from = source::object;
  with.pointer = "/events";
  with.prefix = "event/";
  with.file = folder / "sample.json";
  with.folder = folder / "lake";
  std::ofstream(with.file) << R"({"events": {"1": {"name": "Tosca", "seats": [1, 2.50, 3e2]}, "2": {"name": "Faust \u00e9"}, "a/b": null}})";
  const totals first = import_file(with);
  const totals second = import_file(with);
  with.verify = true;
  const totals found = import_file(with);
  std::printf("first time: imported %llu; second time: imported %llu, unchanged %llu; read back equal: %llu\n",
              static_cast<unsigned long long>(first.imported), static_cast<unsigned long long>(second.imported),
              static_cast<unsigned long long>(second.unchanged), static_cast<unsigned long long>(found.imported));
  const bool good = first.imported == 3 && second.imported == 0 && second.unchanged == 3 && found.imported == 3 && second.failed == 0;
  if (!good) std::fputs("02_bulk_import: that is not as expected\n", stderr);
  return good ? 0 : 1;
}

// --- The command line ------------------------------------------------------------------------------------------------------------

std::size_t batch_size(const std::string& given) {
  std::size_t size = 0;
  const auto [end, failed] = std::from_chars(given.data(), given.data() + given.size(), size);
  if (failed != std::errc() || end != given.data() + given.size() || size < 1 || size > 10'000) {
    throw unusable("--batch takes a number from 1 to 10000, not \"" + given + "\"");
  }
  return size;
}

settings parse(const std::vector<std::string>& arguments) {
  settings with;
  std::optional<source> from;
  std::vector<std::string> places;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& flag = arguments[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 == arguments.size()) throw unusable(flag + " takes a value");
      return arguments[++i];
    };
    const auto choose = [&](source wanted) {
      if (std::exchange(from, wanted)) throw unusable("choose one of --lines, --array and --object");
    };
    if (flag == "--lines") choose(source::lines);
    else if (flag == "--array") choose(source::array), with.pointer = value();
    else if (flag == "--object") choose(source::object), with.pointer = value();
    else if (flag == "--catalog-field") with.catalog_field = value();
    else if (flag == "--prefix") with.prefix = value();
    else if (flag == "--batch") with.batch = batch_size(value());
    else if (flag == "--verify") with.verify = true;
    else if (flag.starts_with('-')) throw unusable("there is no option " + flag);
    else places.push_back(flag);
  }
  if (!from) throw unusable("one of --lines, --array and --object is missing");
  if (places.size() != 2) throw unusable("FILE and FOLDER are wanted, " + std::to_string(places.size()) + " names are given");
  with.from = *from;
  with.file = places[0];
  with.folder = places[1];
  if (std::error_code ignored; !std::filesystem::is_regular_file(with.file, ignored)) throw unusable("there is no file " + with.file.string());
  if (!std::ifstream(with.file)) throw unusable("cannot read " + with.file.string());
  return with;
}

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h")) {
      std::cout << usage;
      return 0;
    }
    if (arguments.empty()) return run_sample(examples::temporary_folder().path());
    if (arguments.size() == 1 && std::filesystem::is_directory(arguments[0])) return run_sample(arguments[0]);
    return run(parse(arguments));
  } catch (const unusable& problem) {
    std::cerr << "02_bulk_import: " << problem.what() << "\n02_bulk_import --help lists the options\n";
    return 2;
  } catch (const std::exception& failure) {
    std::cerr << "02_bulk_import: " << failure.what() << '\n';
    return 1;
  }
}
