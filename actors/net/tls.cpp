#include "actors/net/tls.hpp"

#include "actors/net/socket_bio.hpp"
#include "base/assert.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <chrono>
#include <system_error>

namespace weir::net {
namespace {

/// Says what OpenSSL found wrong with a connection.
std::string explain(SSL* connection, unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) {
    const char* text = ERR_reason_error_string(error);
    return text != nullptr ? std::string{"TLS failed: "} + text : "TLS failed";
  }
  switch (ERR_GET_REASON(error)) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return "it has shown no certificate";
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return std::string{"its certificate is not good for this cluster: "} +
             X509_verify_cert_error_string(SSL_get_verify_result(connection));
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
      return "it does not speak TLS; give both sides the same security.ssl.* options";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: return "it does not speak TLS 1.3";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "it does not accept this process's certificate; both must be of one "
             "`weir certs init`";
    default: return std::string{"TLS failed: "} + ERR_reason_error_string(error);
  }
}

std::string last_error() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(error)) return std::generic_category().message(ERR_GET_REASON(error));
  const char* text = ERR_reason_error_string(error);
  return text != nullptr ? text : "unknown error";
}

/// An error about the file of one option.
Status bad_file(const std::string& key, const std::string& path, const std::string& why) {
  return {ErrorCode::invalid_argument, key + ": " + path + " cannot be used: " + why +
                                           "; `weir certs init DIR` makes a new set"};
}

Status load_files(SSL_CTX* context, const Security& security) {
  ERR_clear_error();
  // An encrypted key is an error; by default somebody would be asked for its password.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_load_verify_locations(context, security.ca.c_str(), nullptr) != 1)
    return bad_file("security.ssl.ca", security.ca, last_error());
  if (SSL_CTX_use_certificate_chain_file(context, security.certificate.c_str()) != 1)
    return bad_file("security.ssl.certificate", security.certificate, last_error());
  if (SSL_CTX_use_PrivateKey_file(context, security.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return bad_file("security.ssl.key", security.key, last_error());
  return {};
}

/// A certificate that no peer would accept is better refused here, where the cure is.
Status check_own_certificate(SSL_CTX* context, const Security& security) {
  const std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> check{X509_STORE_CTX_new(),
                                                                         X509_STORE_CTX_free};
  WEIR_ASSERT(check != nullptr, "out of memory");
  X509* own = SSL_CTX_get0_certificate(context);
  X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context), own, nullptr);
  if (X509_verify_cert(check.get()) == 1) return {};
  ERR_clear_error();
  return bad_file("security.ssl.certificate", security.certificate,
                  std::string{"the authority in "} + security.ca + " does not vouch for it: " +
                      X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get())));
}

}  // namespace

TlsSession::TlsSession(SSL_CTX* context, int fd, bool accepts)
    : fd_{fd}, connection_{SSL_new(context)} {
  WEIR_ASSERT(connection_ != nullptr, "out of memory");
  BIO* bio = make_socket_bio(&fd_);
  SSL_set_bio(connection_.get(), bio, bio);
  if (accepts)
    SSL_set_accept_state(connection_.get());
  else
    SSL_set_connect_state(connection_.get());
}

TlsSession::Outcome TlsSession::outcome_of(int result) {
  switch (SSL_get_error(connection_.get(), result)) {
    case SSL_ERROR_NONE: return Outcome::done;
    case SSL_ERROR_WANT_READ: return Outcome::wants_read;
    case SSL_ERROR_WANT_WRITE: return Outcome::wants_write;
    case SSL_ERROR_ZERO_RETURN:
    case SSL_ERROR_SYSCALL: return Outcome::closed;
    default: break;
  }
  const unsigned long error = ERR_peek_error();
  const bool ended = ERR_GET_LIB(error) == ERR_LIB_SSL &&
                     ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  if (!ended) reason_ = explain(connection_.get(), error);
  return ended ? Outcome::closed : Outcome::failed;
}

TlsSession::Outcome TlsSession::handshake() {
  ERR_clear_error();
  return outcome_of(SSL_do_handshake(connection_.get()));
}

TlsSession::Outcome TlsSession::read(char* bytes, std::size_t size, std::size_t& count) {
  ERR_clear_error();
  count = 0;
  return outcome_of(SSL_read_ex(connection_.get(), bytes, size, &count));
}

TlsSession::Outcome TlsSession::write(const char* bytes, std::size_t size, std::size_t& count) {
  ERR_clear_error();
  count = 0;
  return outcome_of(SSL_write_ex(connection_.get(), bytes, size, &count));
}

std::size_t TlsSession::pending() const noexcept {
  return static_cast<std::size_t>(SSL_pending(connection_.get()));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const Security& security,
                                                           const Clock& clock) {
  if (Status complete = check_security(security); !complete.ok()) return complete;
  const std::shared_ptr<TlsContext> made{new TlsContext};
  made->context_.reset(SSL_CTX_new(TLS_method()));
  SSL_CTX* context = made->context_.get();
  WEIR_ASSERT(context != nullptr, "out of memory");
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // CAF may move its buffer between two attempts to write it, and writes what fits.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Nothing is resumed, and so nothing comes behind the handshake that is not data.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  if (Status loaded = load_files(context, security); !loaded.ok()) return loaded;
  if (SSL_CTX_check_private_key(context) != 1)
    return bad_file("security.ssl.key", security.key,
                    "it is not the key of " + security.certificate);
  if (made->valid_for(clock) <= Duration::zero())
    return bad_file("security.ssl.certificate", security.certificate, "it has expired");
  if (Status vouched = check_own_certificate(context, security); !vouched.ok()) return vouched;
  return std::shared_ptr<const TlsContext>{made};
}

std::unique_ptr<TlsSession> TlsContext::start(int fd, bool accepts) const {
  return std::make_unique<TlsSession>(context_.get(), fd, accepts);
}

Duration TlsContext::valid_for(const Clock& clock) const {
  const ASN1_TIME* end = X509_get0_notAfter(SSL_CTX_get0_certificate(context_.get()));
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(clock.wall().time_since_epoch());
  const std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> from{ASN1_TIME_set(nullptr, now.count()),
                                                              ASN1_TIME_free};
  int days = 0;
  int seconds = 0;
  if (from == nullptr || ASN1_TIME_diff(&days, &seconds, from.get(), end) != 1) return {};
  return std::chrono::hours{24} * days + std::chrono::seconds{seconds};
}

}  // namespace weir::net
