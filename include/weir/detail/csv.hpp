// Rows of comma-separated values, as in RFC 4180.
#pragma once

#include <weir/codec.hpp>
#include <weir/detail/callable.hpp>
#include <weir/hash.hpp>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace weir::detail {

/// Appends a text field, in quotes if it needs them.
inline void append_csv_text(std::string_view text, std::string& row) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    row += text;
    return;
  }
  row += '"';
  for (const char c : text) {
    if (c == '"') row += '"';
    row += c;
  }
  row += '"';
}

template <class T>
void append_csv(const T& value, std::string& row);

template <class... Field>
void append_csv_fields(std::string& row, const Field&... field) {
  bool is_first = true;
  const auto append = [&](const auto& f) {
    if (!is_first) row += ',';
    is_first = false;
    append_csv(f, row);
  };
  (append(field), ...);
}

/// Appends a value as one or more fields. Pairs, tuples and aggregates are several.
template <class T>
void append_csv(const T& value, std::string& row) {
  if constexpr (std::is_same_v<T, bool>) {
    row += value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    append_csv_text({&value, 1}, row);
  } else if constexpr (std::is_arithmetic_v<T>) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    row.append(text, end);
  } else if constexpr (std::is_enum_v<T>) {
    append_csv(static_cast<std::underlying_type_t<T>>(value), row);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    append_csv_text(value, row);
  } else if constexpr (requires { value.time_since_epoch().count(); }) {
    append_csv(value.time_since_epoch().count(), row);
  } else if constexpr (requires {
                         value.count();
                         typename T::period;
                       }) {
    append_csv(value.count(), row);
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    if (value.has_value()) append_csv(*value, row);
  } else if constexpr (IsTuple<T>::value) {
    std::apply([&row](const auto&... field) { append_csv_fields(row, field...); }, value);
  } else if constexpr (is_plain_aggregate<T>() && !BuiltIn<T>::value) {
    with_fields(value, [&row](const auto&... field) { append_csv_fields(row, field...); });
  } else {
    static_assert(kAlwaysFalse<T>,
                  "csv: this type is no number, text, time, optional, pair, tuple or aggregate of "
                  "such; map it to one, or use weir::files::rows with a function of your own");
  }
}

}  // namespace weir::detail
