#include "runtime/library/library_image.hpp"

#include <weir/detail/job_tag.hpp>

#include <elf.h>

#include <cstring>
#include <optional>

namespace weir::runtime {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#else
constexpr Elf64_Half kMachine = EM_NONE;  // the loader finds out
#endif

Status no_library(const std::string& why) {
  return {ErrorCode::invalid_argument, "it is no library of a job: " + why};
}

/// Returns the bytes of a part of the file; none if it does not lie within.
std::optional<std::string_view> slice(std::string_view image, std::uint64_t offset,
                                      std::uint64_t size) {
  if (offset > image.size() || size > image.size() - offset) return std::nullopt;
  return image.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

/// Reads a structure out of the file, wherever it is aligned.
template <class T>
std::optional<T> read_at(std::string_view image, std::uint64_t offset) {
  const auto bytes = slice(image, offset, sizeof(T));
  if (!bytes) return std::nullopt;
  T value{};
  std::memcpy(&value, bytes->data(), sizeof(T));
  return value;
}

Status check_header(const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      (kMachine != EM_NONE && header.e_machine != kMachine))
    return no_library("it was made for another kind of machine");
  if (header.e_type != ET_DYN) return no_library("it is an ELF file of another kind");
  return {};
}

/// Finds a section by its name.
Result<std::string_view> section_of(std::string_view image, const Elf64_Ehdr& header,
                                    std::string_view name) {
  const auto cut_short = [] { return no_library("it is cut short"); };
  const auto header_at = [&](std::uint64_t index) {
    return read_at<Elf64_Shdr>(image, header.e_shoff + index * sizeof(Elf64_Shdr));
  };
  if (header.e_shoff >= image.size()) return cut_short();
  const auto names = header_at(header.e_shstrndx);
  if (!names) return cut_short();
  const auto texts = slice(image, names->sh_offset, names->sh_size);
  if (!texts) return cut_short();
  for (std::uint64_t index = 0; index < header.e_shnum; ++index) {
    const auto section = header_at(index);
    if (!section) return cut_short();
    if (section->sh_name >= texts->size()) continue;
    const std::string_view from = texts->substr(section->sh_name);
    if (from.substr(0, from.find('\0')) != name) continue;
    const auto content = slice(image, section->sh_offset, section->sh_size);
    if (!content) return cut_short();
    return *content;
  }
  return no_library(
      "it has no job in it; say WEIR_JOB(...) in its source, and make it with "
      "weir_add_job_library");
}

}  // namespace

std::string_view engine_tag() {
  return WEIR_JOB_TAG;
}

Result<std::string> tag_of(std::string_view image) {
  if (!image.starts_with(std::string_view{ELFMAG, SELFMAG})) return no_library("it is no ELF file");
  const auto header = read_at<Elf64_Ehdr>(image, 0);
  if (!header) return no_library("it is cut short");
  if (Status status = check_header(*header); !status.ok()) return status;
  const auto section = section_of(image, *header, WEIR_JOB_SECTION);
  if (!section.ok()) return section.status();
  return std::string{section->substr(0, section->find('\0'))};
}

Status check_image(std::string_view image, std::string_view engine) {
  const auto tag = tag_of(image);
  if (!tag.ok()) return tag.status();
  if (*tag == engine) return {};
  return {ErrorCode::failed_precondition, "it was made for another engine: it needs \"" + *tag +
                                              "\", this is \"" + std::string{engine} +
                                              "\"; build it with the Weir that the cluster runs"};
}

}  // namespace weir::runtime
