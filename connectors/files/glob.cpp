#include "connectors/files/glob.hpp"

#include "base/paths.hpp"

#include <algorithm>
#include <utility>

namespace weir::files {
namespace {

bool is_pattern(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

/// Matches one character class, whose "[" has been taken; `at` ends up behind its "]".
bool matches_class(std::string_view pattern, std::size_t& at, char c) {
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool found = false;
  for (bool is_first = true; at < pattern.size() && (is_first || pattern[at] != ']');
       is_first = false) {
    const char low = pattern[at++];
    char high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      high = pattern[at + 1];
      at += 2;
    }
    found = found || (low <= c && c <= high);
  }
  ++at;
  return found != negated;
}

bool matches_from(std::string_view pattern, std::size_t at, std::string_view name) {
  for (; at < pattern.size(); name.remove_prefix(1)) {
    const char p = pattern[at];
    if (p == '*') {
      while (at < pattern.size() && pattern[at] == '*') ++at;
      for (std::size_t skip = 0; skip <= name.size(); ++skip) {
        if (matches_from(pattern, at, name.substr(skip))) return true;
      }
      return false;
    }
    if (name.empty()) return false;
    ++at;
    if (p == '?') continue;
    if (p == '[') {
      if (!matches_class(pattern, at, name[0])) return false;
      continue;
    }
    const bool is_escape = p == '\\' && at < pattern.size();
    if (name[0] != (is_escape ? pattern[at++] : p)) return false;
  }
  return name.empty();
}

class Finder {
public:
  explicit Finder(Env& env) : env_{env} {}

  /// Adds what matches parts [at, end) beneath `directory`.
  Status expand(const std::string& directory, const std::vector<std::string>& parts,
                std::size_t at) {
    const std::string& part = parts[at];
    const bool is_last = at + 1 == parts.size();
    if (part == "**") return expand_deep(directory, parts, at);
    if (!is_pattern(part)) {
      const std::string path = base::join_path(directory, part);
      auto info = env_.stat(path);
      if (!info.ok()) return {};
      if (is_last && info->is_regular) files.push_back(path);
      return !is_last && info->is_directory ? expand(path, parts, at + 1) : Status{};
    }
    auto entries = env_.list(directory.empty() ? "." : directory);
    if (!entries.ok()) return entries.status();
    for (const DirectoryEntry& entry : *entries) {
      if (!matches(part, entry.name)) continue;
      const std::string path = base::join_path(directory, entry.name);
      if (is_last) {
        if (is_regular(entry, path)) files.push_back(path);
      } else if (is_directory(entry, path)) {
        if (Status status = expand(path, parts, at + 1); !status.ok()) return status;
      }
    }
    return {};
  }

  /// Adds all files beneath a directory that are not hidden.
  Status walk(const std::string& directory) {
    auto entries = env_.list(directory);
    if (!entries.ok()) return entries.status();
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name[0] == '.' || entry.name[0] == '_') continue;
      const std::string path = base::join_path(directory, entry.name);
      if (entry.is_directory) {
        if (Status status = walk(path); !status.ok()) return status;
      } else if (is_regular(entry, path)) {
        files.push_back(path);
      }
    }
    return {};
  }

  std::vector<std::string> files;

private:
  /// "**" stands for no directory, or for any one that is not hidden followed by itself.
  Status expand_deep(const std::string& directory, const std::vector<std::string>& parts,
                     std::size_t at) {
    const bool is_last = at + 1 == parts.size();
    if (is_last) return walk(directory.empty() ? "." : directory);
    if (Status status = expand(directory, parts, at + 1); !status.ok()) return status;
    auto entries = env_.list(directory.empty() ? "." : directory);
    if (!entries.ok()) return entries.status();
    for (const DirectoryEntry& entry : *entries) {
      if (!entry.is_directory || entry.name[0] == '.') continue;
      if (Status status = expand_deep(base::join_path(directory, entry.name), parts, at);
          !status.ok())
        return status;
    }
    return {};
  }

  bool is_regular(const DirectoryEntry& entry, const std::string& path) {
    if (entry.is_directory) return false;
    if (!entry.is_link) return true;
    auto info = env_.stat(path);
    return info.ok() && info->is_regular;
  }
  bool is_directory(const DirectoryEntry& entry, const std::string& path) {
    if (entry.is_directory) return true;
    if (!entry.is_link) return false;
    auto info = env_.stat(path);
    return info.ok() && info->is_directory;
  }

  Env& env_;
};

}  // namespace

bool matches(std::string_view pattern, std::string_view name) {
  if (!name.empty() && name[0] == '.' && (pattern.empty() || pattern[0] != '.')) return false;
  return matches_from(pattern, 0, name);
}

Result<std::vector<std::string>> find_files(Env& env, const std::string& input) {
  Finder finder{env};
  auto info = env.stat(input);
  if (info.ok() && info->is_directory) {
    if (Status status = finder.walk(input); !status.ok()) return status;
    if (finder.files.empty())
      return Status{ErrorCode::not_found, "the directory " + input +
                                              " holds no files to read; name one that does, or "
                                              "files, or a pattern such as 'logs/**/*.txt'"};
  } else if (info.ok()) {
    finder.files.push_back(input);
  } else if (!is_pattern(input)) {
    return info.status().with_cure("check the path of the input");
  } else {
    const std::string root = input[0] == '/' ? "/" : "";
    if (Status status = finder.expand(root, base::path_parts(input), 0); !status.ok())
      return status;
    if (finder.files.empty())
      return Status{ErrorCode::not_found, "no file matches " + input +
                                              "; check the pattern, and quote it so that no "
                                              "shell expands it"};
  }
  std::sort(finder.files.begin(), finder.files.end());
  finder.files.erase(std::unique(finder.files.begin(), finder.files.end()), finder.files.end());
  return std::move(finder.files);
}

}  // namespace weir::files
