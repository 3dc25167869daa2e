#include "base/sealed_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace weir::base {
namespace {

Status failed(const std::string& what) {
  const int error = errno;
  return {error == ENOMEM || error == ENOSPC ? ErrorCode::out_of_space : ErrorCode::unavailable,
          "cannot " + what + " a file in memory: " + std::generic_category().message(error)};
}

}  // namespace

Result<std::shared_ptr<const SealedFile>> SealedFile::create(const std::string& name,
                                                             std::string_view bytes) {
  const int fd = ::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return failed("create");
  std::shared_ptr<const SealedFile> file{new SealedFile{fd, bytes.size()}};
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
    return failed("seal");
  return file;
}

SealedFile::~SealedFile() {
  ::close(fd_);
}

std::string SealedFile::path() const {
  return "/proc/self/fd/" + std::to_string(fd_);
}

Result<Bytes> SealedFile::read(std::uint64_t offset, std::size_t capacity) const {
  const std::uint64_t left = size_ - std::min(offset, size_);
  Bytes bytes(static_cast<std::size_t>(std::min<std::uint64_t>(left, capacity)), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n =
        ::pread(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed("read");
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

}  // namespace weir::base
