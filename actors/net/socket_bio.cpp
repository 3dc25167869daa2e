#include "actors/net/socket_bio.hpp"

#include "base/assert.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace weir::net {
namespace {

int fd_of(BIO* bio) {
  return *static_cast<const int*>(BIO_get_data(bio));
}

bool must_wait(ssize_t result) {
  return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

int write_some(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t count =
      ::send(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (must_wait(count)) BIO_set_retry_write(bio);
  return static_cast<int>(count);
}

int read_some(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = ::recv(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (must_wait(count)) BIO_set_retry_read(bio);
  if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(count);
}

long control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;  // nothing is held back here
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default: return 0;
  }
}

int create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

const BIO_METHOD* method() {
  // Lives as long as the process.
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir socket");
    WEIR_ASSERT(fresh != nullptr, "out of memory");
    BIO_meth_set_write(fresh, write_some);
    BIO_meth_set_read(fresh, read_some);
    BIO_meth_set_ctrl(fresh, control);
    BIO_meth_set_create(fresh, create);
    return fresh;
  }();
  return made;
}

}  // namespace

BIO* make_socket_bio(int* fd) {
  BIO* bio = BIO_new(method());
  WEIR_ASSERT(bio != nullptr, "out of memory");
  BIO_set_data(bio, fd);
  return bio;
}

}  // namespace weir::net
