#include "cli/flag_values.hpp"

#include <weir/codec.hpp>

#include <algorithm>

namespace weir::cli {
namespace {

bool set(const Flags::Target& target, const Bytes& value) {
  return std::visit(
      [&](auto* to) {
        ByteReader in{value};
        *to = decode<std::remove_pointer_t<decltype(to)>>(in);
        return in.ok() && in.at_end();
      },
      target);
}

}  // namespace

std::vector<actors::FlagValue> values_of(const Flags& flags) {
  std::vector<actors::FlagValue> values;
  for (const Flags::Flag& flag : flags.all()) {
    ByteWriter out;
    std::visit([&](const auto* target) { encode(*target, out); }, flag.target);
    values.push_back({flag.name, out.take()});
  }
  return values;
}

Status assign(const Flags& flags, const std::vector<actors::FlagValue>& values) {
  for (const Flags::Flag& flag : flags.all()) {
    const auto value = std::find_if(values.begin(), values.end(),
                                    [&](const auto& known) { return known.name == flag.name; });
    if (value == values.end() || !set(flag.target, value->value))
      return {ErrorCode::invalid_argument,
              "the job was submitted by a program without this flag: --" + flag.name +
                  "; submit it with the program that the cluster runs"};
  }
  for (const actors::FlagValue& value : values) {
    const bool is_known = std::any_of(flags.all().begin(), flags.all().end(),
                                      [&](const auto& flag) { return flag.name == value.name; });
    if (!is_known)
      return {ErrorCode::invalid_argument,
              "the program that the cluster runs has no flag --" + value.name +
                  "; submit the job with the program that the cluster runs"};
  }
  return {};
}

}  // namespace weir::cli
