#include "cli/config_file.hpp"

#include <yaml-cpp/yaml.h>

namespace weir::cli {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Status flatten(const YAML::Node& node, const std::string& prefix, Settings& settings) {
  if (node.IsMap()) {
    for (const auto& entry : node) {
      const auto key = entry.first.as<std::string>();
      std::string name = prefix.empty() ? "" : prefix + ".";
      name += key;
      if (Status status = flatten(entry.second, name, settings); !status.ok()) return status;
    }
    return {};
  }
  if (node.IsScalar() && !prefix.empty()) {
    settings.emplace_back(prefix, node.Scalar());
    return {};
  }
  return {ErrorCode::invalid_argument,
          "line " + std::to_string(node.Mark().line + 1) + ": expected KEY: VALUE"};
}

}  // namespace

Result<Settings> read_config_file(const std::string& path) {
  try {
    const YAML::Node root = YAML::LoadFile(path);
    Settings settings;
    if (root.IsNull()) return settings;
    if (Status status = flatten(root, "", settings); !status.ok()) return status.with_context(path);
    return settings;
  } catch (const YAML::Exception& error) {
    return Status{ErrorCode::invalid_argument, path + ": " + error.what()};
  }
}

}  // namespace weir::cli
