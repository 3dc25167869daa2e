#include "state/row_json.hpp"

#include "state/row_schema.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace weir::state {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Json read_number(Schema::Number number, ByteReader& in) {
  using Number = Schema::Number;
  switch (number) {
    case Number::i8: return in.get<std::int8_t>();
    case Number::i16: return in.get<std::int16_t>();
    case Number::i32: return in.get<std::int32_t>();
    case Number::i64: return in.get<std::int64_t>();
    case Number::u8: return in.get<std::uint8_t>();
    case Number::u16: return in.get<std::uint16_t>();
    case Number::u32: return in.get<std::uint32_t>();
    case Number::u64: return in.get<std::uint64_t>();
    case Number::f32: return in.get<float>();
    case Number::f64: return in.get<double>();
    case Number::boolean: return in.get<std::uint8_t>() != 0;
  }
  return {};
}

Json read_value(const Schema& schema, ByteReader& in);

/// A map to nothing is shown as the set that it is.
bool is_nothing(const Schema& schema) {
  return schema.kind() == Schema::Kind::parts && schema.parts() == 0;
}

Json read_sequence(const Schema& schema, ByteReader& in) {
  const bool is_map = schema.kind() == Schema::Kind::map && !is_nothing(schema.part(1));
  const bool is_object = is_map && schema.part(0).kind() == Schema::Kind::text;
  Json values = is_object ? Json::object() : Json::array();
  for (std::size_t n = in.get_count(); n != 0 && in.ok(); --n) {
    Json first = read_value(schema.part(0), in);
    if (!is_map) {
      values.push_back(std::move(first));
      continue;
    }
    Json second = read_value(schema.part(1), in);
    if (is_object)
      values[first.get<std::string>()] = std::move(second);
    else
      values.push_back(Json::array({std::move(first), std::move(second)}));
  }
  return values;
}

Json read_value(const Schema& schema, ByteReader& in) {
  switch (schema.kind()) {
    case Schema::Kind::number: return read_number(schema.number(), in);
    case Schema::Kind::text: return std::string{in.get_string()};
    case Schema::Kind::sized: return {{"bytes", hex(in.get_raw(in.get<std::uint32_t>()))}};
    case Schema::Kind::sequence:
    case Schema::Kind::set:
    case Schema::Kind::map: return read_sequence(schema, in);
    case Schema::Kind::optional:
      return in.get<std::uint8_t>() != 0 ? read_value(schema.part(0), in) : Json{};
    case Schema::Kind::expiring: {
      const auto touched = in.get<std::int64_t>();
      return {{"touched", touched}, {"value", read_value(schema.part(0), in)}};
    }
    case Schema::Kind::parts: {
      Json parts = Json::array();
      for (std::size_t i = 0; i < schema.parts() && in.ok(); ++i)
        parts.push_back(read_value(schema.part(i), in));
      return parts;
    }
    case Schema::Kind::aggregate: {
      Json fields = Json::object();
      for (std::size_t i = 0; i < schema.parts() && in.ok(); ++i)
        fields[schema.name(i)] = read_value(schema.part(i), in);
      return fields;
    }
    case Schema::Kind::array: {
      Json elements = Json::array();
      for (std::size_t i = 0; i < schema.count() && in.ok(); ++i)
        elements.push_back(read_value(schema.part(0), in));
      return elements;
    }
    case Schema::Kind::either: {
      const std::uint64_t index = in.get_varint();
      if (index >= schema.parts()) in.fail();
      if (!in.ok()) return {};
      return {{"index", index}, {"value", read_value(schema.part(index), in)}};
    }
  }
  return {};
}

}  // namespace

Status verify_rows(const KeyedStateHandle& handle, StateReader& reader) {
  const auto schema = RowSchema::of(handle);
  if (!schema.ok()) return schema.status();
  std::uint64_t rows = 0;
  Status status = for_each_row(handle, reader, [&](ByteReader& in, RowPlace) {
    ++rows;
    schema->read(
        in, [&](const Schema& key) { key.skip(in); },
        [&](std::size_t, const Schema& value) { value.skip(in); });
  });
  if (!status.ok() || rows == handle.rows) return status;
  return {ErrorCode::corrupt, "operator \"" + handle.operator_name + "\" has " +
                                  std::to_string(rows) + " rows instead of " +
                                  std::to_string(handle.rows)};
}

Status print_rows(
    const KeyedStateHandle& handle, StateReader& reader, const std::string& state,
    const std::function<void(const std::string& key, const std::string& value)>& print) {
  const auto schema = RowSchema::of(handle);
  if (!schema.ok()) return schema.status();
  return for_each_row(handle, reader, [&](ByteReader& in, RowPlace) {
    Json key_json;
    schema->read(
        in, [&](const Schema& key) { key_json = read_value(key, in); },
        [&](std::size_t i, const Schema& value) {
          if (handle.states[i].name != state) return value.skip(in);
          const Json value_json = read_value(value, in);
          if (in.ok()) print(dump(key_json), dump(value_json));
        });
  });
}

std::string value_json(std::string_view schema, std::string_view bytes) {
  const auto parsed = Schema::parse(schema);
  if (!parsed.ok()) return "\"of an unknown type\"";
  ByteReader in{bytes};
  const Json json = read_value(*parsed, in);
  return in.ok() && in.at_end() ? dump(json) : "\"damaged\"";
}

std::string read_json(const Schema& schema, ByteReader& in) {
  return dump(read_value(schema, in));
}

}  // namespace weir::state
