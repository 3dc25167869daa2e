// How OpenSSL reaches a socket. Its own way raises SIGPIPE when a connection breaks.
#pragma once

#include <openssl/bio.h>

namespace weir::net {

/// Makes a BIO that reads and writes `*fd`, which it does not own and which must outlive it.
BIO* make_socket_bio(int* fd);

}  // namespace weir::net
