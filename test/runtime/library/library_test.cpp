// Libraries of jobs: reading what they say, sending them in parts, keeping them.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "base/sha256.hpp"
#include "runtime/library/library_image.hpp"
#include "runtime/library/library_shelf.hpp"
#include "test/support/env_over.hpp"

#include <catch2/catch.hpp>
#include <elf.h>

#include <cstring>
#include <utility>

using namespace weir;
using namespace weir::runtime;
using Catch::Contains;

namespace {

const std::string kDirectory = "/cache";

template <class T>
void put(Bytes& image, std::size_t at, const T& value) {
  std::memcpy(image.data() + at, &value, sizeof value);
}

/// The smallest file that is a library with these bytes in a section of that name.
Bytes image_with(const std::string& section, const std::string& content) {
  const std::string names = '\0' + section + '\0';
  Bytes image(sizeof(Elf64_Ehdr), '\0');
  const std::size_t content_at = image.size();
  image += content + '\0';
  const std::size_t names_at = image.size();
  image += names;
  const std::size_t headers_at = image.size();
  image.resize(headers_at + 2 * sizeof(Elf64_Shdr));
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_DYN;
#if defined(__aarch64__)
  header.e_machine = EM_AARCH64;
#else
  header.e_machine = EM_X86_64;
#endif
  header.e_shoff = headers_at;
  header.e_shnum = 2;
  header.e_shstrndx = 1;
  put(image, 0, header);
  Elf64_Shdr job{};
  job.sh_name = 1;
  job.sh_offset = content_at;
  job.sh_size = content.size() + 1;
  put(image, headers_at, job);
  Elf64_Shdr texts{};
  texts.sh_offset = names_at;
  texts.sh_size = names.size();
  put(image, headers_at + sizeof(Elf64_Shdr), texts);
  return image;
}

std::string why_none(std::string_view image) {
  const auto tag = tag_of(image);
  REQUIRE_FALSE(tag.ok());
  CHECK(tag.status().code() == ErrorCode::invalid_argument);
  CHECK_THAT(tag.status().message(), Contains("it is no library of a job"));
  return tag.status().message();
}

std::unique_ptr<LibraryCache> cache_in(Env& env) {
  return LibraryCache::open(env, kDirectory, "owner").value();
}

Bytes some_bytes(std::size_t size) {
  Bytes bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

std::string path_of(const std::string& hash) {
  return kDirectory + "/" + hash + ".so";
}

/// Puts other content where a library lies.
void overwrite(Env& env, const std::string& path, std::string_view content) {
  auto file = env.create(path).value();
  REQUIRE(file->append(content).ok());
  REQUIRE(file->close().ok());
}

/// A disk that takes no new files.
class FullDisk final : public test::EnvOver {
public:
  using EnvOver::EnvOver;
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    if (is_full) return Status{ErrorCode::out_of_space, path + ": no space left"};
    return EnvOver::create(path);
  }
  Status rename(const std::string& from, const std::string& to) override {
    if (refuses_names) return {ErrorCode::permission_denied, to + ": not permitted"};
    return EnvOver::rename(from, to);
  }
  bool is_full = false;
  bool refuses_names = false;
};

}  // namespace

TEST_CASE("SHA-256 of known texts", "[library]") {
  CHECK(base::sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(base::sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(base::is_sha256(base::sha256("")));
  CHECK_FALSE(base::is_sha256(""));
  CHECK_FALSE(base::is_sha256("../../" + std::string(58, 'a')));
  CHECK_FALSE(base::is_sha256(std::string(64, 'A')));
}

TEST_CASE("what a library was made for is read without loading it", "[library]") {
  const std::string mine{engine_tag()};
  CHECK(tag_of(image_with(".weir.job", mine)).value() == mine);
  CHECK(check_image(image_with(".weir.job", mine)).ok());

  const Status other = check_image(image_with(".weir.job", "Weir 0.0.9"));
  CHECK(other.code() == ErrorCode::failed_precondition);
  CHECK_THAT(other.message(), Contains("needs \"Weir 0.0.9\", this is \"" + mine + "\""));
  CHECK_THAT(mine, Contains("entry point 1"));
}

TEST_CASE("a file that is no library of a job is refused, and says why", "[library]") {
  CHECK_THAT(why_none(""), Contains("no ELF file"));
  CHECK_THAT(why_none("#!/bin/sh\n"), Contains("no ELF file"));
  CHECK_THAT(why_none(image_with(".text", "x")), Contains("weir_add_job_library"));

  const auto with = [](auto change) {
    Bytes image = image_with(".weir.job", "tag");
    Elf64_Ehdr header;
    std::memcpy(&header, image.data(), sizeof header);
    change(header);
    put(image, 0, header);
    return image;
  };
  CHECK_THAT(why_none(with([](Elf64_Ehdr& h) { h.e_machine = EM_SPARC; })),
             Contains("another kind of machine"));
  CHECK_THAT(why_none(with([](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; })),
             Contains("another kind of machine"));
  CHECK_THAT(why_none(with([](Elf64_Ehdr& h) { h.e_type = ET_REL; })),
             Contains("ELF file of another kind"));
  CHECK_THAT(why_none(with([](Elf64_Ehdr& h) { h.e_shoff = ~std::uint64_t{0}; })),
             Contains("cut short"));
  CHECK_THAT(why_none(with([](Elf64_Ehdr& h) { h.e_shstrndx = 9'999; })), Contains("cut short"));
}

TEST_CASE("no cut of a library is read beyond its end", "[library]") {
  const Bytes image = image_with(".weir.job", std::string{engine_tag()});
  for (std::size_t size = 0; size < image.size(); ++size) {
    CAPTURE(size);
    // A copy of that size, so that a sanitizer sees each byte too many.
    const std::string cut = image.substr(0, size);
    CHECK_FALSE(check_image(cut).ok());
  }
}

TEST_CASE("a library is put together from parts", "[library]") {
  const Bytes whole = some_bytes(10);
  LibraryAssembly assembly{base::sha256(whole), 10};
  CHECK_FALSE(assembly.is_complete());
  for (const std::size_t size : {4U, 5U, 1U}) {
    CHECK_FALSE(assembly.is_complete());
    REQUIRE(assembly.on_part({10, whole.substr(assembly.next(), size)}).ok());
  }
  REQUIRE(assembly.is_complete());
  CHECK(assembly.take().value() == whole);
}

TEST_CASE("parts that make no library end the transfer", "[library]") {
  const std::string hash = base::sha256("0123456789");
  SECTION("too large: known from the first part") {
    LibraryAssembly assembly{hash, 9};
    const Status status = assembly.on_part({10, "0"});
    CHECK(status.code() == ErrorCode::invalid_argument);
    CHECK_THAT(status.message(), Contains("has 10 B, and up to 9 B are allowed") &&
                                     Contains("weir.jobs.library-max-size"));
  }
  SECTION("its size changes") {
    LibraryAssembly assembly{hash, 100};
    REQUIRE(assembly.on_part({10, "01"}).ok());
    CHECK(assembly.on_part({11, "23"}).code() == ErrorCode::corrupt);
  }
  SECTION("more than all") {
    LibraryAssembly assembly{hash, 100};
    REQUIRE(assembly.on_part({10, "012345678"}).ok());
    CHECK(assembly.on_part({10, "9a"}).code() == ErrorCode::corrupt);
  }
  SECTION("nothing, as if from beyond the end") {
    LibraryAssembly assembly{hash, 100};
    CHECK(assembly.on_part({10, ""}).code() == ErrorCode::corrupt);
    CHECK(assembly.on_part({0, ""}).code() == ErrorCode::corrupt);
  }
  SECTION("other content") {
    LibraryAssembly assembly{hash, 100};
    REQUIRE(assembly.on_part({10, "0123456788"}).ok());
    const auto taken = assembly.take();
    CHECK(taken.status().code() == ErrorCode::corrupt);
    CHECK_THAT(taken.status().message(), Contains(hash) && Contains("has the hash"));
  }
}

TEST_CASE("a cache keeps libraries, also across a power cut", "[library]") {
  base::MemoryEnv env;
  const Bytes library = some_bytes(1'000);
  const std::string hash = base::sha256(library);
  CHECK(cache_in(env)->read(hash).status().code() == ErrorCode::not_found);
  REQUIRE(cache_in(env)->store(hash, library).ok());
  env.crash();
  CHECK(cache_in(env)->read(hash).value() == library);
  REQUIRE(env.list(kDirectory).value().size() == 1);  // nothing half done
}

TEST_CASE("a library that was damaged on disk is removed, and can be fetched again", "[library]") {
  base::MemoryEnv env;
  const Bytes library = some_bytes(1'000);
  const std::string hash = base::sha256(library);
  const std::string damage = GENERATE(std::string{}, std::string{"other"}, std::string{"cut"});
  REQUIRE(cache_in(env)->store(hash, library).ok());
  overwrite(env, path_of(hash), damage == "cut" ? library.substr(0, 999) : damage);
  LibraryShelf shelf{cache_in(env), 1'000, base::silent_logger()};
  CHECK(shelf.find(hash).status().code() == ErrorCode::not_found);
  CHECK(env.stat(path_of(hash)).status().code() == ErrorCode::not_found);
  REQUIRE(shelf.add(hash, library).ok());
  CHECK(cache_in(env)->read(hash).value() == library);
}

TEST_CASE("a library in use does not depend on its file", "[library]") {
  base::MemoryEnv env;
  const Bytes library = some_bytes(2 * kLibraryPartBytes + 1);
  const std::string hash = base::sha256(library);
  LibraryShelf shelf{cache_in(env), library.size(), base::silent_logger()};
  REQUIRE(shelf.add(hash, library).ok());
  REQUIRE(shelf.add(hash, library).ok());  // as by two jobs at once
  overwrite(env, path_of(hash), "damaged");
  LibraryAssembly assembly{hash, library.size()};
  int parts = 0;
  while (!assembly.is_complete()) {
    REQUIRE(assembly.on_part(shelf.part(hash, assembly.next()).value()).ok());
    ++parts;
  }
  CHECK(parts == 3);
  CHECK(assembly.take().value() == library);
}

TEST_CASE("a shelf takes nothing that is not what its name says", "[library]") {
  base::MemoryEnv env;
  LibraryShelf shelf{cache_in(env), 100, base::silent_logger()};
  CHECK(shelf.add(base::sha256("a"), "b").code() == ErrorCode::corrupt);
  CHECK(env.list(kDirectory).value().empty());
  const auto elsewhere = shelf.find("../" + std::string(61, 'a'));
  CHECK(elsewhere.status().code() == ErrorCode::invalid_argument);
  CHECK(shelf.part(base::sha256("a"), 0).status().code() == ErrorCode::not_found);
}

TEST_CASE("a directory that cannot be written is named, with the cure", "[library]") {
  base::MemoryEnv memory;
  FullDisk disk{memory};
  const auto check = [](const Status& status, ErrorCode code) {
    CHECK(status.code() == code);
    CHECK_THAT(status.message(),
               Contains("cannot keep libraries of jobs") && Contains("set weir.jobs.library-dir"));
  };
  const auto cache = cache_in(disk);
  disk.refuses_names = true;
  check(cache->store(base::sha256("a"), "a"), ErrorCode::permission_denied);
  CHECK(memory.list(kDirectory).value().empty());  // what could not get its name is gone
  disk.is_full = true;
  check(cache->store(base::sha256("a"), "a"), ErrorCode::out_of_space);
  check(LibraryCache::open(disk, kDirectory, "owner").status(), ErrorCode::out_of_space);
}

TEST_CASE("a sealed file is read at any place", "[library]") {
  const auto file = base::SealedFile::create("test", "0123456789").value();
  CHECK(file->size() == 10);
  CHECK(file->read(0, 4).value() == "0123");
  CHECK(file->read(8, 4).value() == "89");
  CHECK(file->read(10, 4).value().empty());
  CHECK(file->read(11, 4).value().empty());
  CHECK(base::read_file(Env::posix(), file->path()).value() == "0123456789");
  // Nobody writes to it, not even who finds it by its path.
  const auto writer = Env::posix().create(file->path());
  const bool is_refused = !writer.ok() || !(*writer)->append("x").ok();
  CHECK(is_refused);
  CHECK(file->read(0, 4).value() == "0123");
}
