#include "cli/endpoint.hpp"

#include "base/text.hpp"

#include <limits>
#include <utility>

namespace weir::cli {

Result<actors::Endpoint> parse_endpoint(const std::string& flag, const std::string& text) {
  const Status wrong{ErrorCode::invalid_argument,
                     flag + " " + text + ": expected HOST:PORT, such as 127.0.0.1:6123"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return wrong;
  const auto port = base::parse_int(std::string_view{text}.substr(colon + 1));
  if (!port.ok() || *port < 0 || *port > std::numeric_limits<std::uint16_t>::max()) return wrong;
  std::string host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return actors::Endpoint{std::move(host), static_cast<std::uint16_t>(*port)};
}

std::string format(const actors::Endpoint& endpoint) {
  return endpoint.host + ":" + std::to_string(endpoint.port);
}

}  // namespace weir::cli
