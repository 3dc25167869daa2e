// What a codec is derived from: which types have one, and how many bytes it takes. Part of
// codec.hpp.
#pragma once

#include <weir/bytes.hpp>
#include <weir/detail/fields.hpp>

#include <concepts>
#include <string>
#include <type_traits>

namespace weir {

/// Specialise this for a type that Weir cannot derive a codec for; see the file comment.
template <class T>
struct Codec;

namespace detail {

template <class T>
concept SpecialisedCodec = requires {
  sizeof(Codec<T>);
};

/// A protobuf message, recognised by its shape so that no protobuf header is needed here.
template <class T>
concept ProtobufMessage = requires(T& m, const T& c, std::string* s, const void* p, int n) {
  { c.IsInitialized() } -> std::same_as<bool>;
  { c.SerializeToString(s) } -> std::same_as<bool>;
  { m.ParseFromArray(p, n) } -> std::same_as<bool>;
  { c.GetTypeName() } -> std::convertible_to<std::string>;
};

template <class T>
concept Number = std::is_arithmetic_v<T> && sizeof(T) <= 8;

template <class T>
struct BuiltIn : std::false_type {};  // specialised below for the standard types

/// Whether T has a codec. One question with one answer keeps compiler messages short.
template <class T>
constexpr bool has_codec();

template <class... T>
constexpr bool all_have_codecs(TypeList<T...>) {
  return (has_codec<T>() && ...);
}

template <class T>
constexpr bool has_codec() {
  if constexpr (!std::is_object_v<T> || std::is_const_v<T> || std::is_pointer_v<T>)
    return false;
  else if constexpr (SpecialisedCodec<T> || Number<T> || std::is_enum_v<T> || ProtobufMessage<T>)
    return true;
  else if constexpr (BuiltIn<T>::value)
    return all_have_codecs(typename BuiltIn<T>::Parts{});
  else if constexpr (is_plain_aggregate<T>())
    return all_have_codecs(FieldTypes<T>{});
  else
    return false;
}

/// The bytes that every value of T takes when encoded, or 0 if they vary.
template <class T>
constexpr std::size_t fixed_size();

template <class... T>
constexpr std::size_t fixed_size_of_all(TypeList<T...>) {
  return ((fixed_size<T>() != 0) && ...) ? (fixed_size<T>() + ... + 0) : 0;
}

template <class T>
constexpr std::size_t fixed_size() {
  if constexpr (SpecialisedCodec<T> || ProtobufMessage<T>)
    return 0;
  else if constexpr (Number<T> || std::is_enum_v<T>)
    return sizeof(T);
  else if constexpr (BuiltIn<T>::value)
    return BuiltIn<T>::fixed_size();
  else
    return fixed_size_of_all(FieldTypes<T>{});
}

template <class T>
constexpr bool contains_bool();

template <class... T>
constexpr bool any_contains_bool(TypeList<T...>) {
  return (contains_bool<T>() || ...);
}

template <class T>
constexpr bool contains_bool() {
  if constexpr (std::same_as<T, bool>)
    return true;
  else if constexpr (Number<T> || std::is_enum_v<T>)
    return false;
  else if constexpr (BuiltIn<T>::value)
    return any_contains_bool(typename BuiltIn<T>::Parts{});
  else
    return any_contains_bool(FieldTypes<T>{});
}

/// Whether the bytes of T in memory are its encoding, so that arrays of T can be copied whole.
/// A bool is excluded: reading a damaged one by copy would be undefined.
template <class T>
constexpr bool is_packed() {
  if constexpr (std::is_trivially_copyable_v<T> && fixed_size<T>() == sizeof(T))
    return !contains_bool<T>();
  else
    return false;
}

template <class T>
void encode(const T& value, ByteWriter& out);
template <class T>
T decode(ByteReader& in);
template <class T>
std::string schema();

template <class... T>
std::string schema_list(TypeList<T...>, const char* separator) {
  std::string all;
  ((all += (all.empty() ? "" : separator) + schema<T>()), ...);
  return all;
}

}  // namespace detail
}  // namespace weir
