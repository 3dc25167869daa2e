#include "base/compression.hpp"

#include "base/assert.hpp"

#include <zstd.h>

namespace weir::base {
namespace {

// Of zstd's levels the one that disks do not have to wait for; docs/performance.md has the figures.
constexpr int kLevel = 1;

}  // namespace

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

Compressor::Compressor() : context_{ZSTD_createCCtx()} {}
Decompressor::Decompressor() : context_{ZSTD_createDCtx()} {}

void Compressor::append(std::string_view bytes, Bytes& out) {
  const std::size_t before = out.size();
  out.resize(before + ZSTD_compressBound(bytes.size()));
  const std::size_t size = ZSTD_compressCCtx(
      context_.get(), out.data() + before, out.size() - before, bytes.data(), bytes.size(), kLevel);
  WEIR_ASSERT(ZSTD_isError(size) == 0, "zstd ran out of memory");
  out.resize(before + size);
}

Status Decompressor::read(std::string_view bytes, std::size_t max_bytes, Bytes& out) {
  const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > max_bytes)
    return {ErrorCode::corrupt, "it is not compressed as it should be"};
  out.resize(static_cast<std::size_t>(size));
  const std::size_t n =
      ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(n) != 0 || n != out.size())
    return {ErrorCode::corrupt, "it cannot be decompressed"};
  return {};
}

}  // namespace weir::base
