#include "actors/net/security_keys.hpp"

#include "base/text.hpp"

#include <functional>

namespace weir::net {
namespace {

struct Entry {
  SecurityKey key;
  std::function<Status(Security&, std::string_view)> set;
};

/// A value that is taken as it stands. An empty one would look as if it were not given.
auto text(std::string Security::*field) {
  return [field](Security& security, std::string_view value) -> Status {
    if (value.empty())
      return {ErrorCode::invalid_argument, "is empty; give a value or leave it out"};
    security.*field = value;
    return {};
  };
}

Status enable(Security& security, std::string_view value) {
  auto parsed = base::parse_bool(value);
  if (!parsed.ok()) return parsed.status();
  security.mode = *parsed ? Security::Mode::tls : Security::Mode::loopback;
  return {};
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all{
      {{"security.ssl.ca", "path", "",
        "certificate of the cluster's authority, PEM; who shows one of its certificates is a "
        "member"},
       text(&Security::ca)},
      {{"security.ssl.certificate", "path", "", "certificate of this process, PEM"},
       text(&Security::certificate)},
      {{"security.ssl.enabled", "bool", "false",
        "encrypt all connections of the cluster, and let in nobody without a certificate"},
       enable},
      {{"security.ssl.key", "path", "", "private key of the certificate, PEM"},
       text(&Security::key)},
      {{"weir.cluster.token", "text", "",
        "text that all processes of a cluster must have in common; keeps clusters apart"},
       text(&Security::token)},
  };
  return all;
}

}  // namespace

const std::vector<SecurityKey>& security_keys() {
  static const std::vector<SecurityKey> keys = [] {
    std::vector<SecurityKey> all;
    for (const Entry& entry : entries()) all.push_back(entry.key);
    return all;
  }();
  return keys;
}

bool is_security_key(std::string_view key) {
  return key.starts_with("security.") || key.starts_with("weir.cluster.token");
}

Status set_security(Security& security, std::string_view key, std::string_view value) {
  std::vector<std::string> known;
  for (const Entry& entry : entries()) {
    if (entry.key.key == key) return entry.set(security, value).with_context(key);
    known.push_back(entry.key.key);
  }
  const std::string near = base::nearest(key, known);
  return {ErrorCode::invalid_argument, "there is no option \"" + std::string{key} + "\"" +
                                           (near.empty() ? "; docs/operating/security.md lists all"
                                                         : "; did you mean " + near + "?")};
}

}  // namespace weir::net
