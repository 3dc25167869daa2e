#include "connectors/files/byte_stream.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::files {
namespace {

constexpr std::size_t kCompressedBytes = 64 << 10;  // read from the file at a time

class PlainStream final : public ByteStream {
public:
  PlainStream(std::unique_ptr<ReadableFile> file, std::uint64_t offset)
      : file_{std::move(file)}, offset_{offset} {}

  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    auto n = file_->read(offset_, buffer, capacity);
    if (n.ok()) offset_ += *n;
    return n;
  }

private:
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t offset_;
};

/// The compressed bytes of a file, piece by piece.
class CompressedInput {
public:
  CompressedInput(std::unique_ptr<ReadableFile> file, std::string path)
      : path_{std::move(path)}, file_{std::move(file)}, bytes_(kCompressedBytes) {}

  /// Reads the next piece; false at the end of the file.
  Result<bool> fill() {
    auto n = file_->read(offset_, bytes_.data(), bytes_.size());
    if (!n.ok()) return n.status();
    offset_ += *n;
    at_ = 0;
    size_ = *n;
    return *n != 0;
  }
  Status damaged(const char* what) const {
    return {ErrorCode::corrupt, path_ + " is no valid compressed file: " + what};
  }

  char* data() { return bytes_.data() + at_; }
  std::size_t left() const { return size_ - at_; }
  void take(std::size_t n) { at_ += n; }

private:
  std::string path_;
  std::unique_ptr<ReadableFile> file_;
  std::vector<char> bytes_;
  std::uint64_t offset_ = 0;  // of the next piece
  std::size_t at_ = 0;
  std::size_t size_ = 0;
};

class GzipStream final : public ByteStream {
public:
  explicit GzipStream(CompressedInput input) : input_{std::move(input)} {
    constexpr int kGzipWindow = 15 + 16;  // zlib: largest window, gzip header
    inflateInit2(&zlib_, kGzipWindow);
  }
  ~GzipStream() override { inflateEnd(&zlib_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    zlib_.next_out = reinterpret_cast<Bytef*>(buffer);
    zlib_.avail_out = static_cast<uInt>(capacity);
    while (zlib_.avail_out == capacity) {
      if (input_.left() == 0) {
        auto more = input_.fill();
        if (!more.ok()) return more.status();
        if (!*more) {
          if (!is_between_members_) return input_.damaged("it ends too early");
          return std::size_t{0};
        }
      }
      if (is_between_members_) inflateReset(&zlib_);
      zlib_.next_in = reinterpret_cast<Bytef*>(input_.data());
      zlib_.avail_in = static_cast<uInt>(input_.left());
      const int result = inflate(&zlib_, Z_NO_FLUSH);
      input_.take(input_.left() - zlib_.avail_in);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return input_.damaged(zlib_.msg != nullptr ? zlib_.msg : "inflate failed");
      is_between_members_ = result == Z_STREAM_END;
    }
    return capacity - zlib_.avail_out;
  }

private:
  CompressedInput input_;
  z_stream zlib_{};
  bool is_between_members_ = false;  // a member has ended; another may follow
};

class ZstdStream final : public ByteStream {
public:
  explicit ZstdStream(CompressedInput input)
      : input_{std::move(input)}, zstd_{ZSTD_createDStream()} {}
  ~ZstdStream() override { ZSTD_freeDStream(zstd_); }
  ZstdStream(const ZstdStream&) = delete;
  ZstdStream& operator=(const ZstdStream&) = delete;

  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    ZSTD_outBuffer out{buffer, capacity, 0};
    while (out.pos == 0) {
      if (input_.left() == 0) {
        auto more = input_.fill();
        if (!more.ok()) return more.status();
        if (!*more) {
          if (!is_between_frames_) return input_.damaged("it ends too early");
          return std::size_t{0};
        }
      }
      ZSTD_inBuffer in{input_.data(), input_.left(), 0};
      const std::size_t result = ZSTD_decompressStream(zstd_, &out, &in);
      input_.take(in.pos);
      if (ZSTD_isError(result) != 0) return input_.damaged(ZSTD_getErrorName(result));
      is_between_frames_ = result == 0;
    }
    return out.pos;
  }

private:
  CompressedInput input_;
  ZSTD_DStream* zstd_;
  bool is_between_frames_ = false;
};

/// Reads and forgets `bytes` bytes.
Status skip(ByteStream& stream, std::uint64_t bytes) {
  std::vector<char> buffer(kCompressedBytes);
  while (bytes != 0) {
    auto n = stream.read(buffer.data(), std::min<std::uint64_t>(bytes, buffer.size()));
    if (!n.ok()) return n.status();
    if (*n == 0) return {};
    bytes -= *n;
  }
  return {};
}

}  // namespace

Result<Compression> detect_compression(ReadableFile& file) {
  std::array<char, 4> magic{};
  auto n = file.read(0, magic.data(), magic.size());
  if (!n.ok()) return n.status();
  const std::string_view first{magic.data(), *n};
  if (first.starts_with("\x1f\x8b")) return Compression::gzip;
  if (first == "\x28\xb5\x2f\xfd") return Compression::zstd;
  return Compression::none;
}

Result<std::unique_ptr<ByteStream>> ByteStream::open(Env& env, const std::string& path,
                                                     std::uint64_t offset) {
  auto file = env.open(path);
  if (!file.ok()) return file.status();
  auto compression = detect_compression(**file);
  if (!compression.ok()) return compression.status();
  if (*compression == Compression::none)
    return std::unique_ptr<ByteStream>{new PlainStream{std::move(file).value(), offset}};
  CompressedInput input{std::move(file).value(), path};
  std::unique_ptr<ByteStream> stream;
  if (*compression == Compression::gzip)
    stream = std::make_unique<GzipStream>(std::move(input));
  else
    stream = std::make_unique<ZstdStream>(std::move(input));
  if (Status status = skip(*stream, offset); !status.ok()) return status;
  return stream;
}

}  // namespace weir::files
