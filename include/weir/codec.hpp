// Codec<T>: how a record, a key or a piece of state becomes bytes, and what its type looks like.
//
// Derived for: arithmetic types, enums, std::string, std::vector, array, deque, list, set, map,
// unordered_set, unordered_map, optional, variant, pair, tuple, chrono durations and time points,
// protobuf messages, and aggregates of at most 16 such fields. For any other type specialise it:
//
//   template <>
//   struct weir::Codec<Money> {
//     static void encode(const Money& m, ByteWriter& out) { out.put(m.cents()); }
//     static Money decode(ByteReader& in) { return Money::from_cents(in.get<std::int64_t>()); }
//     static std::string schema() { return "money-v1"; }
//   };
//
// `decode` reads exactly what `encode` wrote; on damaged bytes it calls `in.fail()` and returns any
// value. It must not throw. `schema` names the layout. Values of specialised codecs are stored
// behind their length, so that tools can pass over them.
//
// State is restored into a type with another schema if only fields of aggregates were added,
// removed or moved, or if a specialised codec still reads what it wrote once:
//
//     static constexpr std::uint32_t version = 2;  // of what `encode` writes; 1 if it is not said
//     static Money decode_from(std::uint32_t written, ByteReader& in);  // of an older version
//
// Schema grammar: i8..i64 u8..u64 f32 f64 bool str | [T] sequence | <T> set | <K:V> map | ?T |
// (T,U,...) pair or tuple | {NAME:T,NAME:U,...} aggregate | T*N array, (?T)*N of optionals |
// (T/U/...) variant | dur:T:N/D chrono that counts in T with a period of N/D seconds | ttl:T with
// the time at which its life began | x:NAME specialised or protobuf, behind its length; x:NAME@N
// from version 2 on.
#pragma once

#include <weir/bytes.hpp>
#include <weir/detail/codec_traits.hpp>
#include <weir/detail/field_names.hpp>
#include <weir/detail/fields.hpp>
#include <weir/detail/standard_codecs.hpp>

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {
namespace detail {

template <class T>
constexpr const char* number_schema() {
  if constexpr (std::same_as<T, bool>)
    return "bool";
  else if constexpr (std::is_floating_point_v<T>)
    return sizeof(T) == 4 ? "f32" : "f64";
  else if constexpr (std::is_signed_v<T>)
    return sizeof(T) == 1 ? "i8" : sizeof(T) == 2 ? "i16" : sizeof(T) == 4 ? "i32" : "i64";
  else
    return sizeof(T) == 1 ? "u8" : sizeof(T) == 2 ? "u16" : sizeof(T) == 4 ? "u32" : "u64";
}

/// Writes a value of a specialised codec behind its length in four bytes.
template <class T>
void encode_sized(const T& value, ByteWriter& out) {
  const std::size_t at = out.size();
  out.put<std::uint32_t>(0);
  Codec<T>::encode(value, out);
  const auto size = static_cast<std::uint32_t>(out.size() - at - sizeof(std::uint32_t));
  out.overwrite(at, &size, sizeof size);
}

template <class T>
void encode(const T& value, ByteWriter& out) {
  if constexpr (SpecialisedCodec<T>) {
    encode_sized(value, out);
  } else if constexpr (Number<T>) {
    out.put(value);
  } else if constexpr (std::is_enum_v<T>) {
    out.put(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (ProtobufMessage<T>) {
    std::string bytes;
    if (!value.IsInitialized() || !value.SerializeToString(&bytes))
      throw std::runtime_error{
          "a message of type " + value.GetTypeName() + " cannot be written: " +
          (value.IsInitialized() ? "it is larger than 2 GiB" : "a required field is missing")};
    out.put<std::uint32_t>(static_cast<std::uint32_t>(bytes.size()));
    out.put_raw(bytes.data(), bytes.size());
  } else if constexpr (BuiltIn<T>::value) {
    BuiltIn<T>::encode(value, out);
  } else if constexpr (is_packed<T>()) {
    out.put_raw(&value, sizeof value);
  } else {
    with_fields(value, [&out]<class... F>(const F&... field) { (encode<F>(field, out), ...); });
  }
}

template <class T, class... F>
T decode_aggregate(TypeList<F...>, ByteReader& in) {
  return T{decode<F>(in)...};  // braces: left to right
}

template <class T>
T decode(ByteReader& in) {
  if constexpr (SpecialisedCodec<T>) {
    ByteReader value{in.get_raw(in.get<std::uint32_t>())};
    T decoded = Codec<T>::decode(value);
    if (!value.ok() || !value.at_end()) in.fail();
    return decoded;
  } else if constexpr (std::same_as<T, bool>) {
    return in.get<std::uint8_t>() != 0;
  } else if constexpr (Number<T>) {
    return in.get<T>();
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(in.get<std::underlying_type_t<T>>());
  } else if constexpr (ProtobufMessage<T>) {
    const std::string_view bytes = in.get_raw(in.get<std::uint32_t>());
    T message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) in.fail();
    return message;
  } else if constexpr (BuiltIn<T>::value) {
    return BuiltIn<T>::decode(in);
  } else {
    return decode_aggregate<T>(FieldTypes<T>{}, in);
  }
}

/// The version of what a specialised codec writes.
template <class T>
constexpr std::uint32_t codec_version() {
  if constexpr (requires { Codec<T>::version; }) {
    static_assert(Codec<T>::version >= 1, "versions of a weir::Codec begin with 1");
    return Codec<T>::version;
  } else {
    return 1;
  }
}

template <class T>
std::string codec_schema() {
  std::string text = "x:" + std::string{Codec<T>::schema()};
  if constexpr (codec_version<T>() > 1) text += "@" + std::to_string(codec_version<T>());
  return text;
}

template <class T, class... F>
std::string aggregate_schema(TypeList<F...>) {
  std::string all;
  static constexpr auto names = field_names<T>();
  const std::string_view* name = names.data();
  ((all += (all.empty() ? "{" : ","), all += *name++, all += ":" + schema<F>()), ...);
  return all + "}";
}

template <class T>
std::string schema() {
  if constexpr (SpecialisedCodec<T>)
    return codec_schema<T>();
  else if constexpr (Number<T>)
    return number_schema<T>();
  else if constexpr (std::is_enum_v<T>)
    return number_schema<std::underlying_type_t<T>>();
  else if constexpr (ProtobufMessage<T>)
    return "x:" + std::string{T{}.GetTypeName()};
  else if constexpr (BuiltIn<T>::value)
    return BuiltIn<T>::schema();
  else
    return aggregate_schema<T>(FieldTypes<T>{});
}

}  // namespace detail

/// A type that can travel between operators and be state: copyable, with a codec.
template <class T>
concept Record = std::copyable<T> && detail::has_codec<T>();

/// A type that records can be grouped by.
template <class T>
concept Key = Record<T> && std::equality_comparable<T>;

namespace detail {

/// Stops the compiler, once for each type that cannot be a record. The templates that users name
/// check their arguments with it: a failed concept would not name the cure, and would bring errors
/// about everything that is derived from them.
template <class T>
struct RecordCheck {
  static_assert(has_codec<T>(),
                "a record, key or state has no weir::Codec; make its type an aggregate of 1 to 16 "
                "supported fields, or specialise weir::Codec for it");
  static_assert(std::copyable<T> || !has_codec<T>(),
                "a record, key or state must be copyable: operators share records, and checkpoints "
                "copy state");
  static constexpr bool ok = true;  // in any case: one message is enough
};

}  // namespace detail

/// Appends the encoding of `value` to `out`.
template <Record T>
void encode(const T& value, ByteWriter& out) {
  detail::encode<T>(value, out);
}

/// Reads one value. Check `in.ok()` afterwards: on damaged bytes the value means nothing.
template <Record T>
T decode(ByteReader& in) {
  return detail::decode<T>(in);
}

/// Returns the description of T's layout; see the grammar in the file comment.
template <Record T>
std::string schema() {
  return detail::schema<T>();
}

}  // namespace weir
