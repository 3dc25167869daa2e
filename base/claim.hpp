// Claim: the exclusive right to change what lies in a directory, until the next claim takes it.
//
// Whoever holds a claim may be frozen at any instruction while another process takes the next one,
// and wake up later. From the moment the new claim is held, nothing of the old one has an effect.
//
// A claim is a directory of its own, PLACE/claim-TERM-TURN.OWNER, and every change is one rename
// out of it or into it:
//
//   write    claim/K-name -> PLACE/.../name   prepared and synced inside, then moved to its place
//   remove   PLACE/.../name -> claim/K-name   moved inside, which decides it, then deleted
//   take     make the own claim, then empty and remove the directories of all lower ones
//
// A directory can be removed only while it is empty, and nothing can enter a directory that is
// gone. So when the old directory is removed, each change of the old holder either had happened or
// never will; there is no instant between a check and a change at which it could be frozen. The
// file system decides this on one directory, whoever sees it by which name and however late: it
// needs neither clocks nor locks nor fresh caches, on a local disk as on NFS.
//
// Invariants
//  - The name of a claim is never used twice: OWNER names one process, and the numbers of its
//    claims grow. Otherwise a name made anew would revive its former holder.
//  - Of two claims the one with the greater number wins; equal numbers withdraw and try again. The
//    claim with the greatest number is removed by nobody.
//  - Whoever makes a claim looks for rivals after it is there. So of two that are made at the same
//    time at least one sees the other: the lower one withdraws, or the greater one removes it.
//
// Methods block and may be called from any thread.
#pragma once

#include <weir/env.hpp>

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::base {

/// Orders claims. `term` is given from outside (of a cluster: its leader's epoch), `turn` counts
/// claims of one term.
struct ClaimNumber {
  std::uint64_t term = 0;
  std::uint64_t turn = 0;

  friend auto operator<=>(const ClaimNumber&, const ClaimNumber&) = default;
};

/// Whether what was written must survive a power cut.
enum class Durability : std::uint8_t { durable, visible };

/// See the file comment.
class Claim {
public:
  /// Returns the greatest number that is claimed in `place`, zeros if there is none.
  static Result<ClaimNumber> newest(Env& env, const std::string& place);

  /// Claims the existing directory `place`; from then on all earlier claims have lost it. `owner`
  /// names the calling process as no other is ever named; it holds no "/". Without a `term` the
  /// claim continues the newest one's. `fenced` if a later term has claimed already.
  static Result<std::unique_ptr<Claim>> take(Env& env, const std::string& place,
                                             const std::string& owner,
                                             std::optional<std::uint64_t> term = std::nullopt);

  /// The same, but only as the first claim of `term`: `failed_precondition` if there is one of it
  /// or of a later one. So of all who want the same term one gets it.
  static Result<std::unique_ptr<Claim>> take_first(Env& env, const std::string& place,
                                                   const std::string& owner, std::uint64_t term);

  const ClaimNumber& number() const { return number_; }

  // Every method below returns `fenced` when a later claim has taken this one away.

  /// Prepares a file for `path`; returns what `move_to` or `discard` takes.
  Result<std::string> stage(const std::string& path, std::string_view bytes,
                            Durability durability = Durability::durable);
  /// Moves what is staged to `path`, replaces what is there. `unknown_outcome`: it is there, but
  /// may not survive a power cut.
  Status move_to(const std::string& staged, const std::string& path,
                 Durability durability = Durability::durable);
  /// Deletes what is staged, as well as it can.
  void discard(const std::string& staged);

  /// Stages and moves in one.
  Status write(const std::string& path, std::string_view bytes,
               Durability durability = Durability::durable);
  /// Creates the empty directory `path`.
  Status create_directory(const std::string& path);
  /// Removes a file, or a directory with everything in it. One that is not there is no error. After
  /// any other error than `fenced` it is gone or still there in full; what is left of it is deleted
  /// later. A directory must lie in the claimed place itself, and be removed durably.
  Status remove(const std::string& path, Durability durability = Durability::durable);

  /// Returns ok while the claim is held.
  Status check() const;

private:
  /// Says which number comes after the newest, or that none may.
  using Choose = std::function<Result<ClaimNumber>(ClaimNumber newest)>;

  Claim(Env& env, std::string directory, ClaimNumber number);

  static Result<std::unique_ptr<Claim>> take_next(Env& env, const std::string& place,
                                                  const std::string& owner, const Choose& choose);

  std::string inside(const std::string& path);
  Status explain(Status status) const;
  Status delete_all(const std::string& inside);

  Env& env_;
  std::string directory_;  // PLACE/claim-TERM-TURN.OWNER
  ClaimNumber number_;
  std::atomic<std::uint64_t> names_{0};  // given out inside the directory
  std::mutex mutex_;
  std::vector<std::string> leftovers_;  // removed, but not yet deleted; guarded by mutex_
};

}  // namespace weir::base
