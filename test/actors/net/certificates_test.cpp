#include "actors/net/certificates.hpp"

#include "actors/net/tls.hpp"
#include "base/files.hpp"
#include "test/actors/net/certificate_files.hpp"

#include <catch2/catch.hpp>
#include <openssl/pem.h>
#include <openssl/x509.h>

using Catch::Contains;
using namespace std::chrono_literals;
using namespace weir;
using namespace weir::net;
using test::CertificateFiles;

namespace {

std::string problem_of(const Security& security) {
  const auto loaded = TlsContext::load(security, Clock::system());
  CHECK(loaded.status().code() == ErrorCode::invalid_argument);
  CHECK_THAT(loaded.status().message(), Contains("weir certs init DIR"));
  return loaded.status().message();
}

}  // namespace

TEST_CASE("a member's certificate can be used with its authority", "[net][certificates]") {
  const CertificateFiles files;
  const auto loaded = TlsContext::load(files.member("node"), Clock::system());
  INFO(loaded.status().message());
  REQUIRE(loaded.ok());
  CHECK((*loaded)->valid_for(Clock::system()) > 59 * 24h);
  CHECK((*loaded)->valid_for(Clock::system()) <= 60 * 24h);
}

TEST_CASE("certificates of a machine whose clock is an hour ahead are valid at once",
          "[net][certificates]") {
  const CertificateFiles files{1h};
  const auto loaded = TlsContext::load(files.member("node"), Clock::system());
  INFO(loaded.status().message());
  CHECK(loaded.ok());
}

TEST_CASE("no two certificates are the same", "[net][certificates]") {
  const auto now = Clock::system().wall();
  const auto authority = make_authority(now, 1).value();
  const auto one = make_member(authority, "node", now, 1).value();
  const auto other = make_member(authority, "node", now, 1).value();
  CHECK(one.key != other.key);
  CHECK(one.certificate != other.certificate);
  CHECK_THAT(one.key, Catch::StartsWith("-----BEGIN PRIVATE KEY-----\n"));
  CHECK_THAT(one.certificate, Catch::StartsWith("-----BEGIN CERTIFICATE-----\n"));
}

TEST_CASE("an authority that cannot be read signs nothing", "[net][certificates]") {
  const auto made = make_member({"no key", "no certificate"}, "node", Clock::system().wall(), 1);
  CHECK(made.status().code() == ErrorCode::corrupt);
}

TEST_CASE("a certificate that no peer would accept is refused at once", "[net][certificates]") {
  const CertificateFiles files;
  const CertificateFiles others;
  const Security good = files.member("node");

  Security security = good;
  security.ca = files.path("missing.pem");
  CHECK_THAT(problem_of(security),
             Contains("security.ssl.ca: " + security.ca) && Contains("No such file or directory"));
  security = good;
  security.certificate = files.path("missing.pem");
  CHECK_THAT(problem_of(security), Contains("security.ssl.certificate: " + security.certificate));
  security = good;
  security.key = good.certificate;
  CHECK_THAT(problem_of(security), Contains("security.ssl.key: " + security.key));
  security = good;
  security.key = others.member("other").key;
  CHECK_THAT(problem_of(security), Contains("security.ssl.key: " + security.key));
  security = good;
  security.ca = others.member("other").ca;
  CHECK_THAT(problem_of(security), Contains("does not vouch for it"));
  security = files.member("old", -1);
  CHECK_THAT(problem_of(security), Contains("it has expired"));
  security = good;
  security.ca.clear();
  CHECK_THAT(problem_of(security), Contains("needs security.ssl.ca"));
}
