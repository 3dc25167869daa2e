// Compression by zstd of bytes that fit in memory. Each compressed piece is one frame that says how
// large its content is.
#pragma once

#include <weir/bytes.hpp>
#include <weir/result.hpp>

#include <memory>
#include <string_view>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace weir::base {

/// Compresses piece after piece with the memory of the first. One thread at a time.
class Compressor {
public:
  Compressor();

  /// Appends `bytes` in compressed form to `out`, which may take more than they did.
  void append(std::string_view bytes, Bytes& out);

private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

/// The way back, likewise.
class Decompressor {
public:
  Decompressor();

  /// Replaces `out` by what was compressed to `bytes`. `corrupt` if that is not what they are, or
  /// it was more than `max_bytes`.
  Status read(std::string_view bytes, std::size_t max_bytes, Bytes& out);

private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace weir::base
