#include "cli/cluster_settings.hpp"

#include "actors/net/security_keys.hpp"
#include "runtime/ha/open_store.hpp"

#include <algorithm>
#include <utility>

namespace weir::cli {
namespace {

constexpr int kSocketPatience = 3;  // as long as the longest deadline of a heartbeat
constexpr std::string_view kHaPrefix = "high-availability.";

/// Sets what belongs to the process; `other` takes what does not.
template <class Other>
Result<ClusterSettings> read_settings(const Invocation& invocation, const Other& other) {
  ClusterSettings result;
  auto settings = settings_of(invocation);
  if (!settings.ok()) return settings.status();
  net::Security& security = result.network.security;
  for (const actors::Setting& setting : *settings) {
    Status status;
    if (net::is_security_key(setting.key))
      status = net::set_security(security, setting.key, setting.value);
    else if (setting.key.starts_with(kHaPrefix))
      status = runtime::set_ha_option(result.ha, setting.key, setting.value);
    else
      status = other(result, setting);
    if (!status.ok()) return status.with_context(setting.place);
  }
  if (Status status = runtime::check_ha_options(result.ha); !status.ok()) return status;
  if (invocation.insecure) security.mode = net::Security::Mode::insecure;
  return result;
}

}  // namespace

Result<ClusterSettings> cluster_settings(const Invocation& invocation) {
  auto result =
      read_settings(invocation, [](ClusterSettings& settings, const actors::Setting& setting) {
        return runtime::set_option(settings.cluster, setting.key, setting.value);
      });
  if (!result.ok()) return result.status();
  if (Status status = runtime::validate(result->cluster); !status.ok()) return status;
  using std::chrono::milliseconds;
  const auto& heartbeat = result->cluster.heartbeat;
  // Who is lost is decided by the actors' own heartbeats. Sockets only must not stay for ever.
  result->network.connection_timeout =
      std::chrono::duration_cast<milliseconds>(kSocketPatience * heartbeat.timeout);
  return result;
}

Result<ClusterSettings> submit_settings(const Invocation& invocation) {
  return read_settings(invocation, [](ClusterSettings& settings, const actors::Setting& setting) {
    settings.job.push_back(setting);
    return Status{};
  });
}

Result<actors::CoordinatorFinder> coordinator_finder(const std::string& flag,
                                                     const std::string& text,
                                                     const runtime::HaOptions& ha,
                                                     const std::string& owner) {
  if (text.empty()) {
    if (ha.type == runtime::HaOptions::Type::none)
      return Status{ErrorCode::invalid_argument,
                    flag +
                        " is required: where the coordinator listens, HOST:PORT, or several "
                        "with commas between; or set high-availability.type"};
    auto store = runtime::open_store(ha, Env::posix(), owner);
    if (!store.ok()) return store.status();
    return actors::find_leader(std::move(store).value(), "high-availability");
  }
  std::vector<actors::Endpoint> places;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    auto place = actors::parse_endpoint(text.substr(begin, end - begin));
    if (!place.ok()) return Status{place.status().code(), flag + " " + place.status().message()};
    places.push_back(std::move(place).value());
    begin = end + 1;
  }
  return actors::find_at(std::move(places));
}

}  // namespace weir::cli
