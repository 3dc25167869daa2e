#include "actors/cluster/endpoint.hpp"

#include "base/text.hpp"

#include <utility>

namespace weir::actors {

Result<Endpoint> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const auto port = colon == std::string::npos
                        ? Result<std::int64_t>{Status{ErrorCode::invalid_argument, ""}}
                        : base::parse_int(std::string_view{text}.substr(colon + 1));
  if (!port.ok() || *port < 0 || *port > 65535 || colon == 0)
    return Status{ErrorCode::invalid_argument,
                  text + ": expected HOST:PORT, such as 127.0.0.1:6123"};
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return Endpoint{std::move(host), static_cast<std::uint16_t>(*port)};
}

std::string to_string(const Endpoint& endpoint) {
  return endpoint.host + ":" + std::to_string(endpoint.port);
}

CoordinatorFinder find_at(std::vector<Endpoint> places) {
  std::string description;
  for (const Endpoint& place : places)
    description += (description.empty() ? "" : ",") + to_string(place);
  const bool has_standbys = places.size() > 1;
  return {[places = std::move(places)] { return Result<std::vector<Endpoint>>{places}; },
          has_standbys, std::move(description)};
}

CoordinatorFinder find_leader(std::shared_ptr<runtime::HaStore> store, std::string description) {
  return {[store = std::move(store)]() -> Result<std::vector<Endpoint>> {
            const auto seen = store->look(runtime::Viewer::follower);
            if (!seen.ok()) return seen.status();
            if (!seen->leader) return Status{ErrorCode::unavailable, "no coordinator leads"};
            auto place = parse_endpoint(seen->leader->address);
            if (!place.ok()) return place.status();
            return std::vector{std::move(place).value()};
          },
          true, std::move(description)};
}

}  // namespace weir::actors
