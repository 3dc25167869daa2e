#include "runtime/task/base_writer.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {
namespace {

/// So many links take some milliseconds.
constexpr std::size_t kSegmentsMax = 256;

/// A storage that is away for some seconds must not fail a subtask whose log can still be written.
constexpr Duration kPauseMax = std::chrono::minutes{1};

}  // namespace

bool needs_base(const state::LogChain& chain, Duration age, const ChangelogOptions& options) {
  const std::uint64_t log = chain.log_bytes();
  if (log == 0) return false;
  return log >= chain.base_bytes() || age >= options.materialize_interval ||
         chain.segments() >= kSegmentsMax;
}

void BaseWriter::Work::write() {
  auto written = write_base(place, name, id, of->cuts, 0);
  status = written.status();
  if (written.ok()) base = std::move(written).value();
}

BaseWriter::BaseWriter(std::shared_ptr<Chain> chain, LogPlace place, ChangelogOptions options,
                       SubtaskPort& port)
    : chain_{std::move(chain)}, place_{std::move(place)}, options_{options}, port_{port} {}

std::string BaseWriter::begin_if_due(const VersionPtr& version, std::function<void()> then) {
  if (under_way_ != nullptr || is_pausing_) return "";
  if (!needs_base(version->chain, port_.now() - version->base_at, options_)) return "";
  const CheckpointId id = version->chain.id();
  const std::string name = place_.name_of("base." + std::to_string(++begun_), id);
  under_way_ = std::make_shared<Work>(
      Work{.chain = chain_, .of = version, .id = id, .place = place_, .name = name});
  port_.run_blocking(
      [work = under_way_] { work->write(); },
      [this, work = under_way_, then = std::move(then)] { on_written(*work, then); });
  return name;
}

void BaseWriter::on_written(const Work& done, const std::function<void()>& then) {
  under_way_ = nullptr;
  if (!done.status.ok()) return on_failed(done, then);
  failures_ = 0;
  base_ = Base{done.base, port_.now()};
  then();
}

void BaseWriter::on_failed(const Work& done, const std::function<void()>& then) {
  if (++failures_ > options_.max_failures) {
    failure_ = TaskFailure{chain_->head_name(),
                           "all of its state was to be written anew, which has failed " +
                               std::to_string(failures_) + " times (state.changelog." +
                               "max-failures-allowed): " + done.status.message()};
  } else {
    is_pausing_ = true;
    port_.retry_write(done.id, done.status, std::min(options_.materialize_interval, kPauseMax),
                      [this, then] {
                        is_pausing_ = false;
                        then();
                      });
  }
  then();
}

}  // namespace weir::runtime
