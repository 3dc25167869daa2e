// Setters of options: from the text of a value to a field. For tables of keys, such as
// runtime/job/option_keys.cpp.
#pragma once

#include "runtime/job/option_keys.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::runtime {

/// A key and what it sets in `Options`.
template <class Options>
struct OptionEntry {
  OptionKey key;
  std::function<Status(Options&, std::string_view)> set;
};

// Each reads a value into a field; `invalid_argument` says what is wrong with it.
Status read_option(std::string_view value, Duration& field);
Status read_option(std::string_view value, int& field);
Status read_option(std::string_view value, double& field);
Status read_option(std::string_view value, bool& field);

/// Returns a setter of the field that `field` finds: a reference to any of the types above.
template <class Field>
auto setter_of(Field field) {
  return [field = std::move(field)](auto& options, std::string_view value) {
    return read_option(value, field(options));
  };
}

/// Returns the index of the word that `value` is, in upper or lower case.
Result<std::size_t> find_word(const std::vector<std::string>& words, std::string_view value);

/// Returns a setter that takes one of some words and calls `set` with the options and what the word
/// stands for.
template <class T, class Set>
auto word(std::vector<std::pair<std::string, T>> words, Set set) {
  return [words = std::move(words), set = std::move(set)](auto& options,
                                                          std::string_view value) -> Status {
    std::vector<std::string> names;
    for (const auto& [name, meaning] : words) names.push_back(name);
    const auto found = find_word(names, value);
    if (!found.ok()) return found.status();
    set(options, words[*found].second);
    return {};
  };
}

/// Returns the keys of a table.
template <class Options>
std::vector<OptionKey> keys_of(const std::vector<OptionEntry<Options>>& entries) {
  std::vector<OptionKey> keys;
  keys.reserve(entries.size());
  for (const auto& entry : entries) keys.push_back(entry.key);
  return keys;
}

/// Finds the entry of a key, or nullptr.
template <class Options>
const OptionEntry<Options>* find_option(const std::vector<OptionEntry<Options>>& entries,
                                        std::string_view key) {
  for (const auto& entry : entries) {
    if (entry.key.key == key) return &entry;
  }
  return nullptr;
}

/// Returns the error for a key that is none of `known`: it names the nearest one.
Status no_such_option(std::string_view key, const std::vector<OptionKey>& known);

}  // namespace weir::runtime
