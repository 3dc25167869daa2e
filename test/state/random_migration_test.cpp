// Random values of random types that have changed at random, against a model.
#include "base/random.hpp"
#include "state/migration.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::state;

namespace {

using Json = nlohmann::json;

/// A type that exists only here, with the JSON of its values for a model.
struct Node {
  enum class Kind { number, text, sequence, optional, map, array, tuple, either, aggregate };

  Kind kind = Kind::number;
  std::vector<Node> parts = {};
  std::vector<std::string> names = {};  // of an aggregate's parts
  Json otherwise = {};                  // of an aggregate: the default value
};

constexpr std::size_t kPartsMax = 64;
std::array<Bytes, kPartsMax> defaults;  // of the parts of the type that a test is about

template <std::size_t... I>
std::vector<detail::TypePart> parts_with_defaults(std::index_sequence<I...>) {
  return {detail::TypePart{.encode_default = [](ByteWriter& out) {
    out.put_raw(defaults[I].data(), defaults[I].size());
  }}...};
}

class Model {
public:
  explicit Model(std::uint64_t seed) : random_{seed} {}

  Node type(int depth) {
    using Kind = Node::Kind;
    const auto kind = static_cast<Kind>(depth == 0 ? random_.below(2) : random_.below(9));
    Node node{kind};
    std::size_t parts = 1;
    if (kind == Kind::number || kind == Kind::text) parts = 0;
    if (kind == Kind::tuple || kind == Kind::either) parts = 2;
    if (kind == Kind::aggregate) parts = 1 + random_.below(4);
    for (std::size_t i = 0; i < parts; ++i) node.parts.push_back(type(depth - 1));
    if (kind == Kind::aggregate) add_names(node);
    return node;
  }

  /// Returns what may have become of a type.
  Node changed(const Node& old) {
    Node node = old;
    for (Node& part : node.parts) part = changed(part);
    if (node.kind != Node::Kind::aggregate) return node;
    for (std::size_t i = node.parts.size(); i-- > 0 && node.parts.size() > 1;) {
      if (random_.chance(0.3)) erase(node, i);
    }
    while (random_.chance(0.4)) node.parts.push_back(type(1));
    add_names(node);
    for (std::size_t i = 0; i < node.parts.size(); ++i) {
      const std::size_t other = random_.below(node.parts.size());
      std::swap(node.parts[i], node.parts[other]);
      std::swap(node.names[i], node.names[other]);
    }
    return node;
  }

  /// Gives each aggregate a default, and writes it down where the migration finds it.
  void set_defaults(Node& node, std::size_t& place) {
    const std::size_t own = place;
    const bool is_aggregate = node.kind == Node::Kind::aggregate;
    if (is_aggregate) ++place;
    REQUIRE(place <= kPartsMax);
    for (Node& part : node.parts) set_defaults(part, place);
    if (!is_aggregate) return;
    node.otherwise = value(node);
    ByteWriter out;
    encode(node, node.otherwise, out);
    defaults[own] = out.take();
  }

  Json value(const Node& node) {
    using Kind = Node::Kind;
    Json all = Json::array();
    switch (node.kind) {
      case Kind::number: return static_cast<std::int32_t>(random_.below(1000));
      case Kind::text: return std::string(random_.below(5), 'x');
      case Kind::optional: return random_.chance(0.5) ? value(node.parts[0]) : Json{};
      case Kind::either: {
        const std::size_t index = random_.below(node.parts.size());
        return {{"index", index}, {"value", value(node.parts[index])}};
      }
      case Kind::sequence:
        for (std::size_t n = random_.below(4); n != 0; --n) all.push_back(value(node.parts[0]));
        return all;
      case Kind::array: return Json::array({value(node.parts[0]), value(node.parts[0])});
      case Kind::map:
        all = Json::object();
        for (std::size_t n = random_.below(4); n != 0; --n)
          all["key" + std::to_string(n)] = value(node.parts[0]);
        return all;
      case Kind::tuple: return Json::array({value(node.parts[0]), value(node.parts[1])});
      case Kind::aggregate:
        all = Json::object();
        for (std::size_t i = 0; i < node.parts.size(); ++i)
          all[node.names[i]] = value(node.parts[i]);
        return all;
    }
    return {};
  }

private:
  void add_names(Node& node) {
    while (node.names.size() < node.parts.size())
      node.names.push_back("f" + std::to_string(++names_));
  }
  static void erase(Node& node, std::size_t i) {
    node.parts.erase(node.parts.begin() + static_cast<std::ptrdiff_t>(i));
    node.names.erase(node.names.begin() + static_cast<std::ptrdiff_t>(i));
  }

public:
  static std::string schema(const Node& node) {
    using Kind = Node::Kind;
    std::vector<std::string> of;
    for (const Node& part : node.parts) of.push_back(schema(part));
    switch (node.kind) {
      case Kind::number: return "i32";
      case Kind::text: return "str";
      case Kind::sequence: return "[" + of[0] + "]";
      case Kind::optional: return "?" + of[0];
      case Kind::map: return "<str:" + of[0] + ">";
      case Kind::array:  // in brackets, or else "?" would take the "*"
        return (of[0].starts_with('?') ? "(" + of[0] + ")" : of[0]) + "*2";
      case Kind::tuple: return "(" + of[0] + "," + of[1] + ")";
      case Kind::either: return "(" + of[0] + "/" + of[1] + ")";
      case Kind::aggregate: break;
    }
    std::string all;
    for (std::size_t i = 0; i < of.size(); ++i)
      all += (i == 0 ? "{" : ",") + node.names[i] + ":" + of[i];
    return all + "}";
  }

  static void encode(const Node& node, const Json& value, ByteWriter& out) {
    using Kind = Node::Kind;
    switch (node.kind) {
      case Kind::number: return out.put(value.get<std::int32_t>());
      case Kind::text: return out.put_string(value.get<std::string>());
      case Kind::optional:
        out.put<std::uint8_t>(value.is_null() ? 0 : 1);
        if (!value.is_null()) encode(node.parts[0], value, out);
        return;
      case Kind::either: {
        const auto index = value.at("index").get<std::size_t>();
        out.put_varint(index);
        return encode(node.parts[index], value.at("value"), out);
      }
      case Kind::sequence: out.put_varint(value.size()); [[fallthrough]];
      case Kind::array:
        for (const Json& element : value) encode(node.parts[0], element, out);
        return;
      case Kind::map:
        out.put_varint(value.size());
        for (const auto& [key, element] : value.items()) {
          out.put_string(key);
          encode(node.parts[0], element, out);
        }
        return;
      case Kind::tuple:
        for (std::size_t i = 0; i < node.parts.size(); ++i) encode(node.parts[i], value[i], out);
        return;
      case Kind::aggregate:
        for (std::size_t i = 0; i < node.parts.size(); ++i)
          encode(node.parts[i], value.at(node.names[i]), out);
        return;
    }
  }

  /// What a value of an old type is to be in the new one.
  static Json migrated(const Json& value, const Node& node) {
    using Kind = Node::Kind;
    Json all = value;
    switch (node.kind) {
      case Kind::number:
      case Kind::text: return value;
      case Kind::optional: return value.is_null() ? value : migrated(value, node.parts[0]);
      case Kind::either:
        all["value"] = migrated(value["value"], node.parts[value["index"].get<std::size_t>()]);
        return all;
      case Kind::sequence:
      case Kind::array:
      case Kind::map:
        for (Json& element : all) element = migrated(Json(element), node.parts[0]);
        return all;
      case Kind::tuple:
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = migrated(Json(all[i]), node.parts[i]);
        return all;
      case Kind::aggregate: break;
    }
    all = Json::object();
    for (std::size_t i = 0; i < node.parts.size(); ++i) {
      const std::string& name = node.names[i];
      all[name] =
          value.contains(name) ? migrated(value[name], node.parts[i]) : node.otherwise[name];
    }
    return all;
  }

private:
  base::Random random_;
  int names_ = 0;
};

}  // namespace

TEST_CASE("random values of random types become what the model says; damage is noticed",
          "[migration]") {
  int needed = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    Model model{seed};
    const Node old = model.type(4);
    Node now = model.changed(old);
    std::size_t place = 0;
    model.set_defaults(now, place);
    CAPTURE(Model::schema(old), Model::schema(now));
    const auto parts = parts_with_defaults(std::make_index_sequence<kPartsMax>{});
    const Migration migration = Migration::plan(Schema::parse(Model::schema(old)).value(),
                                                Schema::parse(Model::schema(now)).value(), parts);
    REQUIRE(migration.problems() == std::vector<std::string>{});
    REQUIRE(migration.is_needed() == (Model::schema(old) != Model::schema(now)));
    if (!migration.is_needed()) continue;
    ++needed;
    const Json value = model.value(old);
    ByteWriter written;
    Model::encode(old, value, written);
    ByteWriter wanted;
    Model::encode(now, Model::migrated(value, now), wanted);
    ByteReader in{written.view()};
    ByteWriter out;
    migration.run(in, out);
    REQUIRE(in.ok());
    REQUIRE(in.at_end());
    REQUIRE(out.view() == wanted.view());

    for (std::size_t size = 0; size < written.size(); ++size) {
      ByteReader shorter{written.view().substr(0, size)};
      out.clear();
      migration.run(shorter, out);
      REQUIRE_FALSE(shorter.ok());
    }
    for (std::size_t at = 0; at < written.size(); ++at) {  // must not crash, and may be a value
      Bytes flipped{written.view()};
      flipped[at] = static_cast<char>(flipped[at] ^ 0x81);
      ByteReader damaged{flipped};
      out.clear();
      migration.run(damaged, out);
    }
  }
  CHECK(needed > 500);
}
