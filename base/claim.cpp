#include "base/claim.hpp"

#include "base/assert.hpp"
#include "base/files.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace weir::base {
namespace {

constexpr std::string_view kPrefix = "claim-";
// Each attempt fails only if a rival claims at the same time.
constexpr int kTakeAttempts = 16;
// Each attempt fails only if somebody has put a file in between the listing and the removal.
constexpr int kRemoveAttempts = 100;

struct Found {
  ClaimNumber number;
  std::string name;
};

std::optional<std::uint64_t> parse_number(std::string_view text) {
  const auto number = parse_int(text);
  if (!number.ok() || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

/// Reads "claim-TERM-TURN.OWNER".
std::optional<ClaimNumber> parse(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  const std::size_t dash = name.find('-');
  const std::size_t dot = name.find('.');
  if (dash == std::string_view::npos || dot == std::string_view::npos || dot < dash)
    return std::nullopt;
  const auto term = parse_number(name.substr(0, dash));
  const auto turn = parse_number(name.substr(dash + 1, dot - dash - 1));
  if (!term || !turn) return std::nullopt;
  return ClaimNumber{*term, *turn};
}

std::string to_string(const ClaimNumber& number) {
  return std::to_string(number.term) + "-" + std::to_string(number.turn);
}

/// Returns the claims of `place`, the newest last.
Result<std::vector<Found>> find_all(Env& env, const std::string& place) {
  auto entries = env.list(place);
  if (!entries.ok()) return entries.status();
  std::vector<Found> all;
  for (const DirectoryEntry& entry : *entries) {
    if (const auto number = parse(entry.name); number && entry.is_directory)
      all.push_back({*number, entry.name});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Found& a, const Found& b) { return a.number < b.number; });
  return all;
}

Status remove_for_good(Env& env, const std::string& path) {
  Status status;
  for (int i = 0; i < kRemoveAttempts; ++i) {
    status = remove_tree(env, path);
    if (status.code() != ErrorCode::already_exists) break;
  }
  return status;
}

/// Takes a claim away: nobody can enter or leave its directory when this has returned ok.
Status fence(Env& env, const std::string& place, const std::string& directory) {
  Status status;
  for (int i = 0; i < kRemoveAttempts; ++i) {
    status = env.remove_directory(directory);
    if (status.code() == ErrorCode::not_found) return {};
    if (status.code() != ErrorCode::already_exists) return status;
    const auto entries = env.list(directory);
    if (!entries.ok()) continue;
    // What was moved in has left its place durably before any part of it is deleted.
    if (Status synced = env.sync_directory(place); !synced.ok()) return synced;
    for (const DirectoryEntry& entry : *entries) {
      Status removed = remove_for_good(env, join_path(directory, entry.name));
      if (!removed.ok()) return removed;
    }
  }
  return status;
}

}  // namespace

Claim::Claim(Env& env, std::string directory, ClaimNumber number)
    : env_{env}, directory_{std::move(directory)}, number_{number} {}

Result<ClaimNumber> Claim::newest(Env& env, const std::string& place) {
  const auto all = find_all(env, place);
  if (!all.ok()) return all.status();
  return all->empty() ? ClaimNumber{} : all->back().number;
}

Result<std::unique_ptr<Claim>> Claim::take(Env& env, const std::string& place,
                                           const std::string& owner,
                                           std::optional<std::uint64_t> term) {
  return take_next(env, place, owner, [&](ClaimNumber newest) -> Result<ClaimNumber> {
    if (term && *term < newest.term)
      return Status{ErrorCode::fenced, place + " is claimed by term " +
                                           std::to_string(newest.term) + ", after term " +
                                           std::to_string(*term)};
    if (term && *term > newest.term) return ClaimNumber{*term, 0};
    return ClaimNumber{newest.term, newest.turn + 1};
  });
}

Result<std::unique_ptr<Claim>> Claim::take_first(Env& env, const std::string& place,
                                                 const std::string& owner, std::uint64_t term) {
  return take_next(env, place, owner, [&](ClaimNumber newest) -> Result<ClaimNumber> {
    if (newest.term < term) return ClaimNumber{term, 0};
    return Status{ErrorCode::failed_precondition,
                  place + " is claimed by term " + std::to_string(newest.term) + " already"};
  });
}

Result<std::unique_ptr<Claim>> Claim::take_next(Env& env, const std::string& place,
                                                const std::string& owner, const Choose& choose) {
  WEIR_ASSERT(owner.find('/') == std::string::npos, "a claim's owner is part of a file name");
  for (int i = 0; i < kTakeAttempts; ++i) {
    const auto newest_number = newest(env, place);
    if (!newest_number.ok()) return newest_number.status();
    const auto chosen = choose(*newest_number);
    if (!chosen.ok()) return chosen.status();
    const ClaimNumber number = *chosen;
    const std::string name = std::string{kPrefix} + to_string(number) + "." + owner;
    const std::string directory = join_path(place, name);
    if (Status status = env.create_directory(directory); !status.ok()) return status;
    if (Status status = env.sync_directory(place); !status.ok()) return status;
    // Only now: a rival that does not see this claim is one that is seen here.
    const auto all = find_all(env, place);
    if (!all.ok()) return all.status();
    const bool has_rival = std::any_of(all->begin(), all->end(), [&](const Found& found) {
      return found.number >= number && found.name != name;
    });
    if (has_rival) {
      if (Status status = remove_for_good(env, directory); !status.ok()) return status;
      continue;
    }
    for (const Found& found : *all) {
      if (found.name == name) continue;
      if (Status status = fence(env, place, join_path(place, found.name)); !status.ok())
        return status.with_context("the former holder of " + place + " cannot be fenced");
    }
    // What an earlier holder had moved and not yet synced is relied on from here on.
    if (Status status = env.sync_directory(place); !status.ok()) return status;
    return std::unique_ptr<Claim>{new Claim{env, directory, number}};
  }
  return Status{ErrorCode::unavailable,
                "others claim " + place + " at the same time; try again later"};
}

Result<std::string> Claim::stage(const std::string& path, std::string_view bytes,
                                 Durability durability) {
  std::string staged = inside(path);
  auto file = env_.create(staged);
  if (!file.ok()) return explain(file.status());
  Status status = (*file)->append(bytes);
  if (status.ok() && durability == Durability::durable) status = (*file)->sync();
  if (status.ok()) status = (*file)->close();
  if (status.ok()) return staged;
  discard(staged);
  return explain(std::move(status));
}

Status Claim::move_to(const std::string& staged, const std::string& path, Durability durability) {
  if (Status status = env_.rename(staged, path); !status.ok()) {
    discard(staged);
    return explain(std::move(status));
  }
  if (durability == Durability::visible) return {};
  const Status synced = env_.sync_directory(parent_of(path));
  if (synced.ok()) return {};
  return {ErrorCode::unknown_outcome, synced.message()};
}

void Claim::discard(const std::string& staged) {
  (void)env_.remove_file(staged);  // otherwise the next claim deletes it
}

Status Claim::write(const std::string& path, std::string_view bytes, Durability durability) {
  const auto staged = stage(path, bytes, durability);
  return staged.ok() ? move_to(*staged, path, durability) : staged.status();
}

Status Claim::create_directory(const std::string& path) {
  const std::string staged = inside(path);
  if (Status status = env_.create_directory(staged); !status.ok()) return explain(status);
  if (Status status = env_.rename(staged, path); !status.ok()) {
    (void)env_.remove_directory(staged);
    return explain(std::move(status));
  }
  return env_.sync_directory(parent_of(path));
}

Status Claim::remove(const std::string& path, Durability durability) {
  const std::string taken = inside(path);
  if (Status status = env_.rename(path, taken); !status.ok())
    return status.code() == ErrorCode::not_found ? check() : status;
  // First it must be gone durably: a power cut must not bring back a part of it.
  Status status;
  if (durability == Durability::durable) status = env_.sync_directory(parent_of(path));
  if (status.ok()) return delete_all(taken);
  const std::lock_guard lock{mutex_};
  leftovers_.push_back(taken);
  return {ErrorCode::unknown_outcome, status.message()};
}

Status Claim::check() const {
  Status status = env_.stat(directory_).status();
  if (status.code() != ErrorCode::not_found) return status;
  if (Status place = env_.stat(parent_of(directory_)).status(); !place.ok())
    return place;  // it is no rival that has removed everything
  return {ErrorCode::fenced,
          parent_of(directory_) + " has been claimed by another since claim " + to_string(number_)};
}

/// Returns a new name inside the claim's directory, which tells people what it is about.
std::string Claim::inside(const std::string& path) {
  const std::string place = parent_of(directory_) + "/";
  std::string what = path.starts_with(place) ? path.substr(place.size()) : name_of(path);
  std::replace(what.begin(), what.end(), '/', '-');
  const std::uint64_t number = names_.fetch_add(1, std::memory_order_relaxed);
  return join_path(directory_, std::to_string(number) + "-" + what);
}

/// Whatever fails because a name is missing may fail because the claim is gone.
Status Claim::explain(Status status) const {
  if (status.code() != ErrorCode::not_found) return status;
  Status held = check();
  return held.ok() ? status : held;
}

/// Deletes what was taken inside, and what could not be deleted earlier.
Status Claim::delete_all(const std::string& inside) {
  const std::lock_guard lock{mutex_};
  leftovers_.push_back(inside);
  Status first_error;
  std::erase_if(leftovers_, [&](const std::string& path) {
    Status status = remove_for_good(env_, path);
    if (!status.ok() && first_error.ok()) first_error = status;
    return status.ok();
  });
  return first_error;
}

}  // namespace weir::base
