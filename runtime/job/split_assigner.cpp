#include "runtime/job/split_assigner.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {
namespace {

// Small splits are handed out together, up to this many bytes or splits, so that a directory of
// small files does not cost a round trip each; large ones alone, so that the last ones spread
// evenly.
constexpr std::uint64_t kBytesTogether = 1 << 20;
constexpr std::size_t kSplitsTogether = 64;

std::vector<std::uint32_t> unfinished(const RestorePlan& restore, VertexId vertex,
                                      std::uint32_t parallelism) {
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < parallelism; ++i) {
    const auto restored = restore.subtasks.find({vertex, i});
    if (restored == restore.subtasks.end() || !restored->second.is_finished) indices.push_back(i);
  }
  return indices;
}

}  // namespace

SplitAssigner::SplitAssigner(std::string operator_name, SourceOptions options,
                             std::vector<std::uint32_t> readers,
                             std::vector<state::SplitPosition> splits)
    : operator_name_{std::move(operator_name)},
      options_{options},
      readers_{std::move(readers)},
      splits_{std::make_shared<const std::vector<state::SplitPosition>>(std::move(splits))},
      has_its_share_(readers_.size()) {}

SplitAssigner::Answer SplitAssigner::request(std::uint32_t index) {
  Answer answer;
  const auto& all = *splits_;
  if (options_.assignment == Assignment::spread) {
    const auto place = static_cast<std::size_t>(
        std::lower_bound(readers_.begin(), readers_.end(), index) - readers_.begin());
    for (std::size_t i = place; i < all.size() && !has_its_share_[place]; i += readers_.size())
      answer.splits.push_back(all[i]);
    has_its_share_[place] = true;
    if (auto returned = returned_.extract(index); !returned.empty())
      answer.splits.insert(answer.splits.end(), returned.mapped().begin(), returned.mapped().end());
    answer.no_more = true;
    return answer;
  }
  std::uint64_t bytes = 0;
  // Near the end everybody should get something: no more than a fair share of what is left.
  const std::size_t share = (all.size() - next_) / readers_.size();
  const std::size_t limit = std::clamp<std::size_t>(share, 1, kSplitsTogether);
  while (next_ < all.size() && answer.splits.size() < limit && bytes < kBytesTogether) {
    const auto& split = all[next_++];
    bytes += std::max<std::uint64_t>(split.split.size_bytes, kBytesTogether / kSplitsTogether);
    answer.splits.push_back(split);
  }
  answer.no_more = answer.splits.empty();
  return answer;
}

void SplitAssigner::put_back(std::uint32_t index, std::vector<state::SplitPosition> splits) {
  if (options_.assignment == Assignment::spread) {
    auto& returned = returned_[index];
    returned.insert(returned.end(), splits.begin(), splits.end());
    return;
  }
  // Checkpoints under way share the old list.
  auto all = std::make_shared<std::vector<state::SplitPosition>>(std::move(splits));
  all->insert(all->end(), splits_->begin() + static_cast<std::ptrdiff_t>(next_), splits_->end());
  splits_ = std::move(all);
  next_ = 0;
}

checkpoint::RemainingSplits SplitAssigner::remaining() const {
  if (options_.assignment == Assignment::on_request) return {operator_name_, splits_, next_};
  auto left = std::make_shared<std::vector<state::SplitPosition>>();
  for (std::size_t i = 0; i < splits_->size(); ++i) {
    // Behind a drain nobody reads any more, and what was not read stays here.
    if (readers_.empty() || !has_its_share_[i % readers_.size()]) left->push_back((*splits_)[i]);
  }
  for (const auto& [reader, returned] : returned_)
    left->insert(left->end(), returned.begin(), returned.end());
  return {operator_name_, std::move(left), 0};
}

std::map<VertexId, SplitAssigner> make_assigners(const Plan& plan, RestorePlan& restore) {
  std::map<VertexId, SplitAssigner> assigners;
  for (std::uint32_t v = 0; v < plan.vertices().size(); ++v) {
    if (!plan.is_source(VertexId{v})) continue;
    const Vertex& vertex = plan.vertices()[v];
    const detail::OperatorSpec& op = plan.op(vertex.operators[0]);
    assigners.emplace(VertexId{v},
                      SplitAssigner{op.name, op.source->options(),
                                    unfinished(restore, VertexId{v}, vertex.parallelism),
                                    std::move(restore.splits[op.name])});
  }
  return assigners;
}

}  // namespace weir::runtime
