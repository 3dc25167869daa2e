#include "actors/net/security.hpp"

#include "actors/net/security_keys.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using Catch::Contains;
using namespace weir;
using namespace weir::net;

namespace {

using Mode = Security::Mode;

std::string refusal(const Status& status) {
  CHECK(status.code() == ErrorCode::permission_denied);
  return status.message();
}

}  // namespace

TEST_CASE("loopback is what no other machine can reach", "[net][security]") {
  for (const char* inside :
       {"127.0.0.1", "127.255.255.254", "localhost", "::1", "::ffff:127.0.0.1"})
    CHECK(is_loopback(inside));
  for (const char* outside :
       {"", "*", "0.0.0.0", "::", "128.0.0.1", "126.255.255.255", "10.0.0.1", "192.168.1.1", "::2",
        "::ffff:10.0.0.1", "fe80::1", "localhost.evil", "127.0.0.1.evil.example", "node-1"})
    CHECK_FALSE(is_loopback(outside));
}

TEST_CASE("plain connections stay on the machine unless somebody insists", "[net][security]") {
  CHECK(check_address({}, "localhost", "127.0.0.1").ok());
  CHECK(check_address({.mode = Mode::tls}, "node-1", "10.0.0.1").ok());
  CHECK(check_address({.mode = Mode::insecure}, "node-1", "10.0.0.1").ok());

  const std::string named = refusal(check_address({}, "node-1", "10.0.0.1"));
  CHECK_THAT(named, Contains("node-1 (10.0.0.1)"));
  CHECK_THAT(named, Contains("security.ssl.*") && Contains("weir certs init DIR") &&
                        Contains("--insecure"));
  // The name decides nothing: what it resolves to does.
  CHECK_THAT(refusal(check_address({}, "localhost", "10.0.0.1")), Contains("localhost (10.0.0.1)"));
  CHECK_THAT(refusal(check_address({}, "10.0.0.1", "10.0.0.1")), !Contains("(10."));
  CHECK_THAT(refusal(check_address({}, "", "::")), Contains("all addresses"));
}

TEST_CASE("TLS needs a certificate, a key and an authority", "[net][security]") {
  CHECK(check_security({}).ok());
  CHECK(check_security({.mode = Mode::insecure}).ok());
  CHECK(check_security({Mode::tls, "node.pem", "node.key", "ca.pem", ""}).ok());
  const Status none = check_security({.mode = Mode::tls});
  CHECK(none.code() == ErrorCode::invalid_argument);
  CHECK_THAT(none.message(),
             Contains("security.ssl.certificate and security.ssl.key and security.ssl.ca"));
  CHECK_THAT(none.message(), Contains("weir certs init DIR"));
  const Status no_ca = check_security({Mode::tls, "node.pem", "node.key", "", ""});
  CHECK_THAT(no_ca.message(), Contains("needs security.ssl.ca;"));
}

TEST_CASE("a token is the same for the same secret, and zero for none", "[net][security]") {
  CHECK(make_token("") == Token{});
  CHECK(make_token("a") == make_token("a"));
  CHECK(make_token("a") != make_token("b"));
  CHECK(make_token("abc")[0] == 0xba);  // SHA-256 of "abc" begins with ba 78 16 bf
  CHECK(make_token("abc")[3] == 0xbf);
}

TEST_CASE("every security key sets its option", "[net][security]") {
  Security security;
  REQUIRE(set_security(security, "security.ssl.enabled", "true").ok());
  REQUIRE(set_security(security, "security.ssl.certificate", "/n.pem").ok());
  REQUIRE(set_security(security, "security.ssl.key", "/n.key").ok());
  REQUIRE(set_security(security, "security.ssl.ca", "/ca.pem").ok());
  REQUIRE(set_security(security, "weir.cluster.token", "blue").ok());
  CHECK(security.mode == Mode::tls);
  CHECK(security.certificate == "/n.pem");
  CHECK(security.key == "/n.key");
  CHECK(security.ca == "/ca.pem");
  CHECK(security.token == "blue");
  REQUIRE(set_security(security, "security.ssl.enabled", "false").ok());
  CHECK(security.mode == Mode::loopback);
}

TEST_CASE("security keys are listed once each, sorted, with help", "[net][security]") {
  const auto& keys = security_keys();
  CHECK(keys.size() == 5);
  CHECK(std::is_sorted(keys.begin(), keys.end(),
                       [](const SecurityKey& a, const SecurityKey& b) { return a.key < b.key; }));
  for (const SecurityKey& key : keys) {
    CHECK(is_security_key(key.key));
    CHECK_FALSE(key.help.empty());
  }
  CHECK_FALSE(is_security_key("parallelism.default"));
  CHECK_FALSE(is_security_key("weir.sink.lost-transactions"));
}

TEST_CASE("a security key that is wrong is answered with the cure", "[net][security]") {
  Security security;
  const Status misspelled = set_security(security, "security.ssl.certifcate", "x");
  CHECK(misspelled.code() == ErrorCode::invalid_argument);
  CHECK_THAT(misspelled.message(), Contains("did you mean security.ssl.certificate?"));
  CHECK(is_security_key("security.ssl.certifcate"));
  CHECK_THAT(set_security(security, "security.kerberos.login.principal", "x").message(),
             Contains("docs/operating/security.md"));
  CHECK_THAT(set_security(security, "security.ssl.enabled", "yes").message(),
             Contains("security.ssl.enabled: \"yes\" is neither true nor false"));
  CHECK_THAT(set_security(security, "weir.cluster.token", "").message(),
             Contains("weir.cluster.token: is empty"));
}
