#include "runtime/ha/ha_options.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace weir::runtime {
namespace {

struct Entry {
  OptionKey key;
  std::function<Status(HaOptions&, std::string_view)> set;
};

auto text(std::function<std::string&(HaOptions&)> field) {
  return [field = std::move(field)](HaOptions& options, std::string_view value) {
    field(options) = value;
    return Status{};
  };
}

auto duration(std::function<Duration&(HaOptions&)> field) {
  return [field = std::move(field)](HaOptions& options, std::string_view value) -> Status {
    const auto parsed = base::parse_duration(value);
    if (!parsed.ok()) return parsed.status();
    if (*parsed <= Duration{})
      return {ErrorCode::invalid_argument, "\"" + std::string{value} + "\" is not above 0"};
    field(options) = *parsed;
    return {};
  };
}

Status set_type(HaOptions& options, std::string_view value) {
  std::string lower{value};
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  using Type = HaOptions::Type;
  for (const auto& [name, type] : {std::pair{"none", Type::none},
                                   {"directory", Type::directory},
                                   {"zookeeper", Type::zookeeper}}) {
    if (lower != name) continue;
    options.type = type;
    return {};
  }
  return {ErrorCode::invalid_argument,
          "\"" + std::string{value} + "\" is none of none, directory, zookeeper"};
}

std::vector<Entry> all_entries() {
  const std::string prefix = "high-availability.";
  std::vector<Entry> entries{
      {{prefix + "type", "word", "none",
        "none: one coordinator, whose jobs end with it; directory: standby coordinators share a "
        "directory; zookeeper: they share a ZooKeeper"},
       set_type},
      {{prefix + "storageDir", "path", "", "directory shared by all coordinators; must exist"},
       [](HaOptions& o, std::string_view v) {
         constexpr std::string_view kScheme = "file://";
         o.storage = v.starts_with(kScheme) ? v.substr(kScheme.size()) : v;
         return Status{};
       }},
      {{prefix + "cluster-id", "text", "default", "tells clusters with the same store apart"},
       [](HaOptions& o, std::string_view v) {
         o.cluster_id = v.starts_with("/") ? v.substr(1) : v;
         return check_record_id(o.cluster_id);
       }},
      {{prefix + "directory.heartbeat-interval", "duration", "500 ms",
        "the leader shows so often that it lives, and standbys look so often"},
       duration([](HaOptions& o) -> Duration& { return o.directory.heartbeat; })},
      {{prefix + "directory.takeover-timeout", "duration", "3 s",
        "a leader that has not shown that it lives for so long is replaced; it steps down by "
        "itself after two thirds"},
       duration([](HaOptions& o) -> Duration& { return o.directory.takeover; })},
      {{prefix + "zookeeper.quorum", "text", "", "HOST:PORT of each server, with commas between"},
       text([](HaOptions& o) -> std::string& { return o.zookeeper.quorum; })},
      {{prefix + "zookeeper.path.root", "text", "/weir", "node under which all clusters lie"},
       text([](HaOptions& o) -> std::string& { return o.zookeeper.root; })},
      {{prefix + "zookeeper.client.session-timeout", "duration", "4 s",
        "a leader that ZooKeeper has not heard of for so long is replaced; it steps down by itself "
        "after two thirds"},
       duration([](HaOptions& o) -> Duration& { return o.zookeeper.session_timeout; })},
      {{prefix + "zookeeper.client.connection-timeout", "duration", "15 s",
        "a call waits for a connection for so long"},
       duration([](HaOptions& o) -> Duration& { return o.zookeeper.connection_timeout; })},
  };
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.key.key < b.key.key; });
  return entries;
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = all_entries();
  return all;
}

Status missing(const char* key, const char* type) {
  return {ErrorCode::invalid_argument,
          std::string{key} + " is not set; high-availability.type=" + type + " needs it"};
}

}  // namespace

const std::vector<OptionKey>& ha_option_keys() {
  static const std::vector<OptionKey> keys = [] {
    std::vector<OptionKey> all;
    for (const Entry& entry : entries()) all.push_back(entry.key);
    return all;
  }();
  return keys;
}

Status set_ha_option(HaOptions& options, std::string_view key, std::string_view value) {
  std::vector<std::string> known;
  for (const Entry& entry : entries()) {
    if (entry.key.key == key) return entry.set(options, value).with_context(key);
    known.push_back(entry.key.key);
  }
  const std::string near = base::nearest(key, known);
  return {ErrorCode::invalid_argument, "there is no option \"" + std::string{key} + "\"" +
                                           (near.empty() ? "; docs/reference/options.md lists all"
                                                         : "; did you mean " + near + "?")};
}

Status check_ha_options(const HaOptions& options) {
  switch (options.type) {
    case HaOptions::Type::none: return {};
    case HaOptions::Type::directory:
      if (options.storage.empty()) return missing("high-availability.storageDir", "directory");
      break;
    case HaOptions::Type::zookeeper:
      if (options.zookeeper.quorum.empty())
        return missing("high-availability.zookeeper.quorum", "zookeeper");
      if (!options.zookeeper.root.starts_with("/"))
        return {ErrorCode::invalid_argument, "high-availability.zookeeper.path.root: \"" +
                                                 options.zookeeper.root +
                                                 "\" does not begin with \"/\""};
      break;
  }
  const ElectionTimes times = election_times(options);
  // A leader that misses two heartbeats in a row, because the disk was busy, goes on.
  if (times.heartbeat * 3 <= times.step_down) return {};
  return {ErrorCode::invalid_argument,
          "high-availability.directory.takeover-timeout must be at least 4.5 times "
          "high-availability.directory.heartbeat-interval"};
}

ElectionTimes election_times(const HaOptions& options) {
  ElectionTimes times;
  if (options.type == HaOptions::Type::zookeeper) {
    times.takeover = options.zookeeper.session_timeout;
    times.heartbeat = times.takeover / 8;
  } else {
    times.takeover = options.directory.takeover;
    times.heartbeat = options.directory.heartbeat;
  }
  // A third is left for a clock that runs faster, and for one that is read late.
  times.step_down = times.takeover * 2 / 3;
  return times;
}

}  // namespace weir::runtime
