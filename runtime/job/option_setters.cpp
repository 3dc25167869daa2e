#include "runtime/job/option_setters.hpp"

#include "base/text.hpp"

#include <limits>

namespace weir::runtime {
namespace {

std::string upper(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return result;
}

template <class T, class Field>
Status store(const Result<T>& parsed, Field& field) {
  if (!parsed.ok()) return parsed.status();
  field = static_cast<Field>(*parsed);
  return {};
}

}  // namespace

Status read_option(std::string_view value, Duration& field) {
  return store(base::parse_duration(value), field);
}

Status read_option(std::string_view value, int& field) {
  const auto parsed = base::parse_int(value);
  const bool fits = !parsed.ok() || (*parsed >= std::numeric_limits<int>::min() &&
                                     *parsed <= std::numeric_limits<int>::max());
  if (!fits) return {ErrorCode::invalid_argument, "\"" + std::string{value} + "\" is out of range"};
  return store(parsed, field);
}

Status read_option(std::string_view value, double& field) {
  return store(base::parse_double(value), field);
}

Status read_option(std::string_view value, bool& field) {
  return store(base::parse_bool(value), field);
}

Result<std::size_t> find_word(const std::vector<std::string>& words, std::string_view value) {
  std::string known;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (upper(words[i]) == upper(value)) return i;
    known += (known.empty() ? "" : ", ") + words[i];
  }
  return Status{ErrorCode::invalid_argument, "\"" + std::string{value} + "\" is none of " + known};
}

Status no_such_option(std::string_view key, const std::vector<OptionKey>& known) {
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const OptionKey& option : known) names.push_back(option.key);
  const std::string near = base::nearest(key, names);
  return {ErrorCode::invalid_argument, "there is no option \"" + std::string{key} + "\"" +
                                           (near.empty() ? "; docs/reference/options.md lists all"
                                                         : "; did you mean " + near + "?")};
}

}  // namespace weir::runtime
