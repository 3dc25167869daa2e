#include "runtime/ha/ha_store.hpp"

#include <algorithm>

namespace weir::runtime {

std::string_view name_of(Folder folder) {
  switch (folder) {
    case Folder::jobs: return "jobs";
    case Folder::results: return "results";
  }
  return "";
}

Status check_record_id(std::string_view id) {
  constexpr std::size_t kMax = 200;  // file names have at most 255 bytes, and the store adds some
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (!id.empty() && id.size() <= kMax && id.front() != '.' &&
      std::all_of(id.begin(), id.end(), is_allowed))
    return {};
  return {ErrorCode::invalid_argument,
          "\"" + std::string{id} + "\" cannot name a record: use 1 to " + std::to_string(kMax) +
              " letters, digits, \"-\", \"_\" and \".\""};
}

Status not_leading(LeaderEpoch epoch) {
  return {ErrorCode::fenced,
          "leader " + std::to_string(epoch.value()) + " no longer leads the cluster"};
}

}  // namespace weir::runtime
