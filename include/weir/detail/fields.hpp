// The fields of an aggregate, found by structured bindings: how many there are, their types, and a
// call with all of them. Works for aggregates of 1 to 16 fields without base classes and C arrays.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <type_traits>
#include <utility>

namespace weir::detail {

inline constexpr int kFieldsMax = 16;  // structured bindings must be spelled out; this many are

template <class... T>
struct TypeList {
  static constexpr std::size_t size = sizeof...(T);
};

/// Converts to anything, so that `T{AnyField{}, AnyField{}}` asks whether T has two fields.
/// It is only ever asked for its type.
struct AnyField {
  template <class T>
  operator T() const {  // NOLINT(google-explicit-constructor)
    std::abort();
  }
};

template <class T, class... Fields>
constexpr int field_count(Fields... fields) {
  if constexpr (sizeof...(Fields) > kFieldsMax)
    return kFieldsMax + 1;
  else if constexpr (requires { T{fields..., AnyField{}}; })
    return field_count<T>(fields..., AnyField{});
  else
    return static_cast<int>(sizeof...(Fields));
}

/// Whether T is an aggregate whose fields `with_fields` can reach.
template <class T>
constexpr bool is_plain_aggregate() {
  if constexpr (std::is_aggregate_v<T> && !std::is_array_v<T> && !std::is_union_v<T>)
    return field_count<T>() >= 1 && field_count<T>() <= kFieldsMax;
  else
    return false;
}

/// Calls `f(field1, field2, ...)` with references to the fields of `t`, in declaration order.
template <class T, class F>
constexpr decltype(auto) with_fields(T& t, F&& f) {
  constexpr int n = field_count<std::remove_const_t<T>>();
  static_assert(n >= 1 && n <= kFieldsMax, "an aggregate needs 1 to 16 fields");
  if constexpr (n == 1) {
    auto& [a] = t;
    return f(a);
  } else if constexpr (n == 2) {
    auto& [a, b] = t;
    return f(a, b);
  } else if constexpr (n == 3) {
    auto& [a, b, c] = t;
    return f(a, b, c);
  } else if constexpr (n == 4) {
    auto& [a, b, c, d] = t;
    return f(a, b, c, d);
  } else if constexpr (n == 5) {
    auto& [a, b, c, d, e] = t;
    return f(a, b, c, d, e);
  } else if constexpr (n == 6) {
    auto& [a, b, c, d, e, g] = t;
    return f(a, b, c, d, e, g);
  } else if constexpr (n == 7) {
    auto& [a, b, c, d, e, g, h] = t;
    return f(a, b, c, d, e, g, h);
  } else if constexpr (n == 8) {
    auto& [a, b, c, d, e, g, h, i] = t;
    return f(a, b, c, d, e, g, h, i);
  } else if constexpr (n == 9) {
    auto& [a, b, c, d, e, g, h, i, j] = t;
    return f(a, b, c, d, e, g, h, i, j);
  } else if constexpr (n == 10) {
    auto& [a, b, c, d, e, g, h, i, j, k] = t;
    return f(a, b, c, d, e, g, h, i, j, k);
  } else if constexpr (n == 11) {
    auto& [a, b, c, d, e, g, h, i, j, k, l] = t;
    return f(a, b, c, d, e, g, h, i, j, k, l);
  } else if constexpr (n == 12) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m] = t;
    return f(a, b, c, d, e, g, h, i, j, k, l, m);
  } else if constexpr (n == 13) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o] = t;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o);
  } else if constexpr (n == 14) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p] = t;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o, p);
  } else if constexpr (n == 15) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q] = t;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q);
  } else {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r] = t;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r);
  }
}

/// Names the field types of an aggregate as a TypeList.
template <class T>
using FieldTypes = decltype(with_fields(std::declval<T&>(), [](auto&... field) {
  return TypeList<std::remove_cvref_t<decltype(field)>...>{};
}));

}  // namespace weir::detail
