#include "cli/weir/certificate_set.hpp"

#include "actors/net/certificates.hpp"
#include "actors/net/sockets.hpp"
#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <set>
#include <system_error>
#include <utility>

namespace weir::cli {
namespace {

constexpr int kDaysMax = 36'500;
constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kReadable = 0644;
const std::string kShared = "node";
const std::string kAuthority = "ca";

/// One file to be.
struct NewFile {
  std::string path;
  std::string text;
  mode_t mode;
};

std::vector<std::string> names_of(const CertificateSet& set) {
  return set.nodes.empty() ? std::vector{kShared} : set.nodes;
}

bool is_name(const std::string& name) {
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0; };
  return !name.empty() && is_plain(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [&](unsigned char c) {
           return is_plain(c) || c == '.' || c == '-' || c == '_';
         });
}

Status check(const CertificateSet& set) {
  if (set.days < 1 || set.days > kDaysMax)
    return {ErrorCode::invalid_argument,
            "--days " + std::to_string(set.days) + ": give 1 to " + std::to_string(kDaysMax)};
  std::set<std::string> seen{kAuthority};
  for (const std::string& name : names_of(set)) {
    if (!is_name(name))
      return {ErrorCode::invalid_argument,
              "--node \"" + name + "\" becomes the name of a file: use letters, digits, . - and _"};
    if (!seen.insert(name).second)
      return {ErrorCode::invalid_argument, "--node " + name + " is taken; give each another name"};
  }
  return {};
}

std::string path_of(const CertificateSet& set, const std::string& name, const char* ending) {
  return set.directory + "/" + name + ending;
}

Result<std::vector<NewFile>> make_files(const CertificateSet& set, WallTime now) {
  std::vector<NewFile> files;
  const auto add = [&](const std::string& name, net::KeyAndCertificate made) {
    files.push_back({path_of(set, name, ".pem"), std::move(made.certificate), kReadable});
    files.push_back({path_of(set, name, ".key"), std::move(made.key), kOwnerOnly});
  };
  const auto authority = net::make_authority(now, set.days);
  if (!authority.ok()) return authority.status();
  add(kAuthority, *authority);
  for (const std::string& name : names_of(set)) {
    auto member = net::make_member(*authority, name, now, set.days);
    if (!member.ok()) return member.status();
    add(name, std::move(member).value());
  }
  return files;
}

Status refused(const std::string& what, const std::string& path) {
  const int error = errno;
  const std::string message =
      "cannot " + what + " " + path + ": " + std::generic_category().message(error);
  if (error == EEXIST)
    return {ErrorCode::already_exists,
            path + " exists; name another directory, or remove it if no cluster uses it"};
  return {error == EACCES ? ErrorCode::permission_denied : ErrorCode::unavailable, message};
}

Status write_new(const NewFile& file) {
  const net::Fd fd{::open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.mode)};
  if (!fd.is_open()) return refused("create", file.path);
  const ssize_t written = ::write(fd.get(), file.text.data(), file.text.size());
  if (written != static_cast<ssize_t>(file.text.size()) || ::fsync(fd.get()) != 0)
    return refused("write", file.path);
  return {};
}

/// Writes all, or takes back what it has written.
Status write_all(const std::vector<NewFile>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    Status status = write_new(files[i]);
    if (status.ok()) continue;
    // The one that failed was not made by this call if it exists.
    const std::size_t made = status.code() == ErrorCode::already_exists ? i : i + 1;
    for (std::size_t j = 0; j < made; ++j) ::unlink(files[j].path.c_str());
    return status;
  }
  return {};
}

}  // namespace

Status write_certificates(const CertificateSet& set, WallTime now) {
  if (Status checked = check(set); !checked.ok()) return checked;
  if (Status made = base::create_durable_directories(Env::posix(), set.directory); !made.ok())
    return made;
  auto files = make_files(set, now);
  if (!files.ok()) return files.status();
  return write_all(*files);
}

std::string next_steps(const CertificateSet& set) {
  const std::vector<std::string> names = names_of(set);
  std::string text = "made, valid for " + std::to_string(set.days) + " days:\n";
  const auto line = [&](const std::string& path, const std::string& what) {
    text.append("  ").append(path).append("  ").append(what).append("\n");
  };
  line(path_of(set, kAuthority, ".pem"), "the cluster's authority: for every machine");
  line(path_of(set, kAuthority, ".key"), "its key: keep it off the cluster, or delete it");
  for (const std::string& name : names) {
    const bool is_shared = set.nodes.empty();
    line(path_of(set, name, ".pem"), is_shared ? "certificate of all nodes" : "its certificate");
    line(path_of(set, name, ".key"), "its key: for that machine alone");
  }
  text +=
      "\nGive every process of the cluster, and those that submit jobs, these options:\n"
      "  security.ssl.enabled: true\n"
      "  security.ssl.ca: " +
      path_of(set, kAuthority, ".pem") +
      "\n"
      "  security.ssl.certificate: " +
      path_of(set, names.front(), ".pem") +
      "\n"
      "  security.ssl.key: " +
      path_of(set, names.front(), ".key") + "\n";
  if (names.size() > 1) text += "and each node its own certificate and key.\n";
  return text;
}

}  // namespace weir::cli
