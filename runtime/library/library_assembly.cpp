#include "runtime/library/library_assembly.hpp"

#include "base/sha256.hpp"
#include "base/text.hpp"

namespace weir::runtime {

Status library_too_large(std::uint64_t bytes, std::uint64_t max_bytes) {
  return {ErrorCode::invalid_argument,
          "the library has " + base::format_size(bytes) + ", and up to " +
              base::format_size(max_bytes) +
              " are allowed; strip it, or raise weir.jobs.library-max-size on all processes of the "
              "cluster"};
}

Status LibraryAssembly::on_part(const LibraryPart& part) {
  if (part.total > max_bytes_) return library_too_large(part.total, max_bytes_);
  const bool fits = !part.bytes.empty() && part.bytes.size() <= part.total - bytes_.size();
  if ((has_begun_ && part.total != total_) || !fits)
    return {ErrorCode::corrupt, "library " + hash_ + " has arrived in parts that do not fit"};
  if (!has_begun_) bytes_.reserve(part.total);
  has_begun_ = true;
  total_ = part.total;
  bytes_ += part.bytes;
  return {};
}

Result<Bytes> LibraryAssembly::take() {
  if (const std::string hash = base::sha256(bytes_); hash != hash_)
    return Status{ErrorCode::corrupt,
                  "what has arrived as library " + hash_ + " has the hash " + hash};
  return std::move(bytes_);
}

}  // namespace weir::runtime
