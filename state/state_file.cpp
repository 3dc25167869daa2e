#include "state/state_file.hpp"

#include "base/checksum.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir::state {
namespace {

constexpr std::size_t kWriteBytes = 256 << 10;  // per write to the file: few calls, cache-sized
constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::size_t kHeaderBytes = 8;  // of a block: length and checksum
constexpr std::uint32_t kBlockBytesMax = 1U << 30;
constexpr std::uint32_t kIsCompressed = 1U << 31;  // On disk: do not change.

}  // namespace

StateFile::StateFile(Create create, std::size_t inline_threshold, Compression compression)
    : create_{std::move(create)},
      compressor_{compression == Compression::zstd ? std::make_unique<base::Compressor>()
                                                   : nullptr},
      inline_threshold_{inline_threshold} {}

StateFile::StateFile(Env& env, std::string path, std::size_t inline_threshold,
                     Compression compression)
    : StateFile{[&env, path = std::move(path)] { return env.create(path); }, inline_threshold,
                compression} {}

Result<std::uint64_t> StateFile::add_block(std::string_view payload) {
  if (payload.size() > kBlockBytesMax)
    return Status{ErrorCode::invalid_argument,
                  "one key's state takes " + std::to_string(payload.size()) +
                      " bytes, more than the 1 GiB that a checkpoint can hold for a key"};
  std::uint32_t is_compressed = 0;
  if (compressor_ != nullptr) {
    packed_.clear();
    compressor_->append(payload, packed_);
    if (packed_.size() < payload.size()) {
      payload = packed_;
      is_compressed = kIsCompressed;
    }
  }
  const std::uint32_t length = static_cast<std::uint32_t>(payload.size()) | is_compressed;
  const std::uint32_t checksum = base::crc32c(payload);
  char header[kHeaderBytes];
  std::memcpy(header, &length, sizeof length);
  std::memcpy(header + sizeof length, &checksum, sizeof checksum);
  buffer_.append(header, sizeof header).append(payload);
  size_ += sizeof header + payload.size();
  const bool stays_inline = file_ == nullptr && size_ <= inline_threshold_;
  if (!stays_inline && buffer_.size() >= kWriteBytes) {
    if (Status status = spill(); !status.ok()) return status;
  }
  return sizeof header + payload.size();
}

Status StateFile::finish() {
  if (file_ == nullptr && size_ <= inline_threshold_) return {};
  if (Status status = spill(); !status.ok()) return status;
  if (Status status = file_->sync(); !status.ok()) return status;
  return file_->close();
}

Status StateFile::spill() {
  if (file_ == nullptr) {
    auto file = create_();
    if (!file.ok()) return file.status();
    file_ = std::move(file).value();
  }
  Status status = file_->append(buffer_);
  buffer_.clear();
  return status;
}

StateReader::StateReader(std::string_view bytes, std::string name)
    : name_{std::move(name)}, bytes_{bytes} {}

StateReader::StateReader(std::unique_ptr<ReadableFile> file, std::string name)
    : name_{std::move(name)}, file_{std::move(file)} {}

void StateReader::seek(std::uint64_t offset, std::uint64_t size) {
  const bool continues = file_ != nullptr && offset == offset_;
  offset_ = offset;
  left_ = size;
  if (file_ == nullptr) {
    at_ = static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes_.size()));
  } else if (!continues) {
    buffer_.clear();
    at_ = 0;
  }
}

Result<std::string_view> StateReader::next_block() {
  if (left_ < kHeaderBytes) return damaged("a block header does not fit");
  if (Status status = fill(kHeaderBytes); !status.ok()) return status;
  std::uint32_t length = 0;
  std::uint32_t checksum = 0;
  const char* header = (file_ == nullptr ? bytes_.data() : buffer_.data()) + at_;
  std::memcpy(&length, header, sizeof length);
  const bool is_compressed = (length & kIsCompressed) != 0;
  length &= ~kIsCompressed;
  std::memcpy(&checksum, header + sizeof length, sizeof checksum);
  if (length > kBlockBytesMax || length > left_ - kHeaderBytes)
    return damaged("a block is longer than what is left");
  if (Status status = fill(kHeaderBytes + length); !status.ok()) return status;
  const char* start = (file_ == nullptr ? bytes_.data() : buffer_.data()) + at_ + kHeaderBytes;
  const std::string_view payload{start, length};
  if (base::crc32c(payload) != checksum) return damaged("the checksum does not match");
  at_ += kHeaderBytes + length;
  offset_ += kHeaderBytes + length;
  left_ -= kHeaderBytes + length;
  if (!is_compressed) return payload;
  if (!decompressor_) decompressor_.emplace();
  Status status = decompressor_->read(payload, kBlockBytesMax, plain_);
  if (!status.ok()) return damaged(status.message());
  return std::string_view{plain_};
}

Status StateReader::damaged(const std::string& how) const {
  return {ErrorCode::corrupt,
          name_ + " is damaged at byte " + std::to_string(offset_) + ": " + how};
}

/// Makes sure that `size` bytes from at_ on are in memory.
Status StateReader::fill(std::size_t size) {
  const auto truncated = [this] {
    return Status{ErrorCode::corrupt, name_ + " is truncated at byte " + std::to_string(offset_)};
  };
  if (file_ == nullptr) return bytes_.size() - at_ >= size ? Status{} : truncated();
  if (buffer_.size() - at_ >= size) return {};
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t have = buffer_.size();
  const auto want =
      static_cast<std::size_t>(std::min<std::uint64_t>(std::max(size, kReadBytes), left_));
  if (want < size) return truncated();
  buffer_.resize(want);
  auto n = file_->read(offset_ + have, buffer_.data() + have, want - have);
  if (!n.ok()) return n.status();
  buffer_.resize(have + *n);
  return buffer_.size() >= size ? Status{} : truncated();
}

}  // namespace weir::state
