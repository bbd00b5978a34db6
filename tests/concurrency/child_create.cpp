// A process that races another to create the same keys, or writes until it is killed.
// child_create ROOT NAME: says "ready/NAME", waits for "go", creates "race/0" … "race/199" with its name as bytes, and records what it
// won as "won/NAME"; exit code 0 if every create won or lost fairly. child_create ROOT: creates "big/0", "big/1" … of 1 MiB for ever.
#include <lake/storage/filesystem.hpp>

#include <cstddef>
#include <string>
#include <thread>

namespace {

int write_for_ever(lake::filesystem_storage storage) {
  for (std::size_t i = 0;; ++i) {
    if (!storage.create("big/" + std::to_string(i), std::string(std::size_t{1} << 20U, static_cast<char>('a' + i % 26)))) return 4;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2) {
    auto storage = lake::filesystem_storage::open({.root = arguments[1], .durability = lake::durability::none});
    return storage ? write_for_ever(*storage) : 3;
  }
  if (count != 3) return 2;
  const std::string name = arguments[2];
  auto storage = lake::filesystem_storage::open({.root = arguments[1], .durability = lake::durability::none});
  if (!storage || !storage->create("ready/" + name, "")) return 3;
  while (!storage->get("go")) std::this_thread::yield();
  std::string won;
  for (int i = 0; i < 200; ++i) {
    const auto made = storage->create("race/" + std::to_string(i), name);
    if (made) won += std::to_string(i) + ' ';
    else if (made.error().code != lake::errc::already_exists) return 4;
  }
  return storage->create("won/" + name, won) ? 0 : 5;
}
