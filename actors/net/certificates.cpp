#include "actors/net/certificates.hpp"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <utility>

namespace weir::net {
namespace {

template <class T, void (*F)(T*)>
struct FreeWith {
  void operator()(T* object) const noexcept { F(object); }
};
template <class T, void (*F)(T*)>
using Owned = std::unique_ptr<T, FreeWith<T, F>>;

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Certificate = Owned<X509, X509_free>;
using Number = Owned<BIGNUM, BN_free>;
using Extension = Owned<X509_EXTENSION, X509_EXTENSION_free>;
using Memory = Owned<BIO, BIO_free_all>;

constexpr int kSerialBits = 159;  // what fits into the 20 bytes that a serial number may have
constexpr long kVersion3 = 2;
constexpr int kDaySeconds = 24 * 3600;

Status failed(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  return {ErrorCode::internal,
          "cannot make " + what + ": " + (reason != nullptr ? reason : "unknown error")};
}

bool set_serial(X509* certificate) {
  const Number serial{BN_new()};
  return serial != nullptr &&
         BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, WallTime now, int days) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  // Machines whose clocks are behind accept it too.
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds - kDaySeconds) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate),
                       seconds + std::int64_t{days} * kDaySeconds) != nullptr;
}

bool set_subject(X509* certificate, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto add = [subject](const char* field, const std::string& value) {
    const std::basic_string<unsigned char> text{value.begin(), value.end()};
    return X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, text.data(),
                                      static_cast<int>(text.size()), -1, 0) == 1;
  };
  return add("O", "Weir") && add("CN", name);
}

bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Writes PEM text by one of OpenSSL's functions.
template <class Write>
Result<std::string> to_pem(const std::string& what, Write write) {
  const Memory memory{BIO_new(BIO_s_mem())};
  if (memory == nullptr || write(memory.get()) != 1) return failed(what);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return std::string{bytes, static_cast<std::size_t>(size)};
}

Result<KeyAndCertificate> to_pem(EVP_PKEY* key, X509* certificate) {
  auto key_text = to_pem("the text of a key", [key](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  if (!key_text.ok()) return key_text.status();
  auto text = to_pem("the text of a certificate",
                     [certificate](BIO* out) { return PEM_write_bio_X509(out, certificate); });
  if (!text.ok()) return text.status();
  return KeyAndCertificate{std::move(key_text).value(), std::move(text).value()};
}

Memory reader(const std::string& text) {
  return Memory{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// The parts of a certificate that all kinds have, but for the issuer and the signature.
Certificate make_blank(EVP_PKEY* key, const std::string& name, WallTime now, int days) {
  Certificate certificate{X509_new()};
  const bool is_made =
      certificate != nullptr && X509_set_version(certificate.get(), kVersion3) == 1 &&
      set_serial(certificate.get()) && set_validity(certificate.get(), now, days) &&
      X509_set_pubkey(certificate.get(), key) == 1 && set_subject(certificate.get(), name);
  return is_made ? std::move(certificate) : nullptr;
}

/// Signs `certificate` with the key of `issuer`, which may be itself.
bool sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
         add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

}  // namespace

Result<KeyAndCertificate> make_authority(WallTime now, int days) {
  const Key key{EVP_EC_gen("P-256")};
  if (key == nullptr) return failed("a key");
  const Certificate made = make_blank(key.get(), "cluster authority", now, days);
  X509* authority = made.get();
  if (authority == nullptr ||
      !add_extension(authority, authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(authority, authority, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !sign(authority, authority, key.get()))
    return failed("the authority's certificate");
  return to_pem(key.get(), authority);
}

Result<KeyAndCertificate> make_member(const KeyAndCertificate& authority, const std::string& name,
                                      WallTime now, int days) {
  const Key authority_key{
      PEM_read_bio_PrivateKey(reader(authority.key).get(), nullptr, nullptr, nullptr)};
  const Certificate issuer{
      PEM_read_bio_X509(reader(authority.certificate).get(), nullptr, nullptr, nullptr)};
  if (authority_key == nullptr || issuer == nullptr) {
    ERR_clear_error();
    return Status{ErrorCode::corrupt, "the authority's key or certificate cannot be read"};
  }
  const Key key{EVP_EC_gen("P-256")};
  if (key == nullptr) return failed("a key");
  const Certificate made = make_blank(key.get(), name, now, days);
  X509* member = made.get();
  if (member == nullptr ||
      !add_extension(member, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(member, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(member, issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth") ||
      !sign(member, issuer.get(), authority_key.get()))
    return failed("the certificate of " + name);
  return to_pem(key.get(), member);
}

}  // namespace weir::net
