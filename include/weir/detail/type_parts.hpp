// What a migration to a type must know of it beyond its schema: how fields that are new get a
// value, and how codecs read what they wrote once. Part of type.hpp.
#pragma once

#include <weir/codec.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace weir::detail {

/// A part of a type that may change from one version of a program to the next: an aggregate, or
/// what is stored behind its length (x:NAME).
struct TypePart {
  /// Encodes a default-constructed aggregate; null: there is none.
  void (*encode_default)(ByteWriter& out) = nullptr;
  /// Reads what an older version of a specialised codec wrote, all of `in`, and encodes the value
  /// as today; null: the codec cannot.
  void (*upgrade)(std::uint32_t version, ByteReader& in, ByteWriter& out) = nullptr;
};

template <class T>
constexpr TypePart aggregate_part() {
  if constexpr (requires { T{}; })
    return {.encode_default = [](ByteWriter& out) { encode<T>(T{}, out); }};
  else
    return {};
}

template <class T>
constexpr TypePart codec_part() {
  if constexpr (requires(ByteReader & in) {
                  { Codec<T>::decode_from(std::uint32_t{}, in) } -> std::same_as<T>;
                })
    return {.upgrade = [](std::uint32_t version, ByteReader& in, ByteWriter& out) {
      encode<T>(Codec<T>::decode_from(version, in), out);
    }};
  else
    return {};
}

template <class T>
void list_parts(std::vector<TypePart>& out);

template <class... T>
void list_parts_of_all(TypeList<T...>, [[maybe_unused]] std::vector<TypePart>& out) {
  (list_parts<T>(out), ...);
}

/// Adds the parts of T in the order in which T's schema names them.
template <class T>
void list_parts(std::vector<TypePart>& out) {
  if constexpr (SpecialisedCodec<T>) {
    out.push_back(codec_part<T>());
  } else if constexpr (Number<T> || std::is_enum_v<T>) {
    return;
  } else if constexpr (ProtobufMessage<T>) {
    out.push_back({});
  } else if constexpr (BuiltIn<T>::value) {
    list_parts_of_all(typename BuiltIn<T>::Parts{}, out);
  } else {
    out.push_back(aggregate_part<T>());
    list_parts_of_all(FieldTypes<T>{}, out);
  }
}

}  // namespace weir::detail
