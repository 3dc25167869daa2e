// SideOutputHandle: what the engine knows of a side output. The one for job authors is in
// weir/side_output.hpp.
#pragma once

#include <weir/detail/batch.hpp>
#include <weir/detail/state_handle.hpp>
#include <weir/time.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weir::detail {

/// One declared side output.
struct SideOutputSpec {
  std::string name = {};
  std::string schema = {};  // of its records
};

/// See the file comment.
class SideOutputHandle {
public:
  SideOutputHandle(StateOwner& owner, SideOutputSpec spec) : spec_{std::move(spec)} {
    owner.side_outputs_.push_back(this);
  }
  SideOutputHandle(const SideOutputHandle&) = delete;
  SideOutputHandle& operator=(const SideOutputHandle&) = delete;

  const SideOutputSpec& spec() const { return spec_; }

  /// Says where records go, and where the time of what its operator emits stands; both must outlive
  /// it. Not called if nobody reads it.
  void connect(BatchConsumer* next, const Timestamp* time) {
    time_ = time;
    connect_to(next);
  }
  /// Passes on what has been collected.
  virtual void flush() = 0;

protected:
  ~SideOutputHandle() = default;

  bool is_connected() const { return time_ != nullptr; }
  Timestamp time() const { return *time_; }

private:
  virtual void connect_to(BatchConsumer* next) = 0;

  SideOutputSpec spec_;
  const Timestamp* time_ = nullptr;
};

inline std::vector<SideOutputSpec> specs_of(const std::vector<SideOutputHandle*>& outputs) {
  std::vector<SideOutputSpec> specs;
  for (const SideOutputHandle* output : outputs) specs.push_back(output->spec());
  return specs;
}

}  // namespace weir::detail
