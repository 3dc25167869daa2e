// Compressing and decompressing blocks.
#include "base/compression.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace weir;
using namespace weir::base;

TEST_CASE("what was compressed comes back, piece after piece", "[compression]") {
  Compressor compressor;
  Decompressor decompressor;
  for (const std::size_t size : {0UL, 1UL, 100UL, 1UL << 20}) {
    const Bytes bytes(size, 'x');
    Bytes compressed = "before";
    compressor.append(bytes, compressed);
    REQUIRE(compressed.substr(0, 6) == "before");
    Bytes back = "old content";
    REQUIRE(decompressor.read(compressed.substr(6), size, back).ok());
    CHECK(back == bytes);
  }
}

TEST_CASE("bytes that no compressor has written, or that lack their end, are refused",
          "[compression]") {
  Bytes compressed;
  Compressor{}.append(std::string(1000, 'x'), compressed);
  Decompressor decompressor;
  Bytes out;
  CHECK(decompressor.read("", 1000, out).code() == ErrorCode::corrupt);
  CHECK(decompressor.read("not compressed", 1000, out).code() == ErrorCode::corrupt);
  CHECK(decompressor.read(compressed, 999, out).code() == ErrorCode::corrupt);
  for (std::size_t size = 0; size < compressed.size(); ++size) {
    CAPTURE(size);
    CHECK(decompressor.read(compressed.substr(0, size), 1000, out).code() == ErrorCode::corrupt);
  }
  CHECK(decompressor.read(compressed, 1000, out).ok());
}
