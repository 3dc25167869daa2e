// The names of an aggregate's fields, as the compiler spells them: a function whose template
// argument points to a field has the field's name in its own. The technique is that of Boost.PFR
// (boost/pfr/detail/core_name20_static.hpp, by Bela Schaum and X-Ryl669). Works with GCC 12 and
// Clang 14 for every aggregate that `with_fields` reaches, local and templated ones too.
#pragma once

#include <weir/detail/fields.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

// Clang would like to see a definition of `unmade`.
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-internal"
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif

namespace weir::detail {

/// An object that is never made: only the addresses of its fields are used, by the compiler.
template <class T>
struct Unmade {
  const T value;
};
template <class T>
extern const Unmade<T> unmade;

/// Clang 14 takes a pointer to a field for a template argument only as part of an object.
template <class F>
struct FieldPointer {
  const F* at;
};

template <std::size_t I, class First, class... Rest>
constexpr auto pointer_to_field(const First& first, const Rest&... rest) {
  if constexpr (I == 0)
    return FieldPointer<First>{&first};
  else
    return pointer_to_field<I - 1>(rest...);
}

/// Cuts the name out of `... Pointer = {(& unmade<T>.Unmade<T>::value.T::name)} ...`, as GCC has
/// it, or `... Pointer = {&unmade.value.name} ...`, as Clang does.
constexpr std::string_view field_name_in(std::string_view function) {
  const auto is_of_name = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
  };
  std::size_t end = function.rfind('}');
  while (end != 0 && !is_of_name(function[end - 1])) --end;
  std::size_t begin = end;
  while (begin != 0 && is_of_name(function[begin - 1])) --begin;
  return function.substr(begin, end - begin);
}

template <auto Pointer>
constexpr std::string_view field_name() {
  return field_name_in(__PRETTY_FUNCTION__);
}

/// Returns the names of T's fields, in the order of their declaration.
template <class T>
constexpr auto field_names() {
  constexpr int n = field_count<T>();
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<std::string_view, sizeof...(I)>{field_name<with_fields(
        unmade<T>.value, [](const auto&... field) { return pointer_to_field<I>(field...); })>()...};
  }
  (std::make_index_sequence<n>{});
}

}  // namespace weir::detail

#ifdef __clang__
#pragma clang diagnostic pop
#endif
