// Certificates of a cluster in a temporary directory.
#pragma once

#include "actors/net/certificates.hpp"
#include "actors/net/security.hpp"
#include "base/files.hpp"

#include <weir/clock.hpp>

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <string>

namespace weir::test {

/// An authority of its own, and members of it. The files go with the object.
class CertificateFiles {
public:
  /// Made by a machine whose clock is so far ahead.
  explicit CertificateFiles(std::chrono::hours ahead = {})
      : ahead_{ahead}, authority_{net::make_authority(Clock::system().wall() + ahead, 60).value()} {
    char name[] = "/tmp/weir-certs-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    directory_ = name;
    write("ca.pem", authority_.certificate);
  }
  ~CertificateFiles() { static_cast<void>(base::remove_tree(Env::posix(), directory_)); }
  CertificateFiles(const CertificateFiles&) = delete;
  CertificateFiles& operator=(const CertificateFiles&) = delete;

  /// Settings of a member whose certificate is valid for `days` from now.
  net::Security member(const std::string& name, int days = 60) const {
    const auto made =
        net::make_member(authority_, name, Clock::system().wall() + ahead_, days).value();
    write(name + ".pem", made.certificate);
    write(name + ".key", made.key);
    return {net::Security::Mode::tls, path(name + ".pem"), path(name + ".key"), path("ca.pem"), ""};
  }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }

private:
  void write(const std::string& name, const std::string& text) const {
    REQUIRE(base::replace_file(Env::posix(), path(name), text).ok());
  }

  std::chrono::hours ahead_;
  net::KeyAndCertificate authority_;
  std::string directory_;
};

}  // namespace weir::test
