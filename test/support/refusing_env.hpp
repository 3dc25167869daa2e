// RefusingEnv: a disk that does not do what it is told for a while.
#pragma once

#include "test/support/env_over.hpp"

#include <optional>
#include <string>

namespace weir::test {

/// See the file comment. Creating files, giving them names, and syncing directories may be refused.
class RefusingEnv final : public EnvOver {
public:
  using EnvOver::EnvOver;

  /// The next `times` of them fail with `code`, after `skip` that go well.
  void refuse(ErrorCode code, int times, int skip = 0) {
    code_ = code;
    times_ = times;
    skip_ = skip;
  }

  /// From now on no file gets a second name.
  void refuse_links(ErrorCode code) { link_code_ = code; }

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    if (Status status = ask(path); !status.ok()) return status;
    return EnvOver::create(path);
  }
  Status link(const std::string& from, const std::string& to) override {
    return link_code_ ? Status{*link_code_, to + ": refused"} : EnvOver::link(from, to);
  }
  Status rename(const std::string& from, const std::string& to) override {
    Status status = ask(to);
    return status.ok() ? EnvOver::rename(from, to) : status;
  }
  Status sync_directory(const std::string& path) override {
    Status status = ask(path);
    return status.ok() ? EnvOver::sync_directory(path) : status;
  }

private:
  Status ask(const std::string& path) {
    if (times_ == 0 || skip_-- > 0) return {};
    --times_;
    return {code_, path + ": refused"};
  }

  ErrorCode code_ = ErrorCode::unavailable;
  int times_ = 0;
  int skip_ = 0;
  std::optional<ErrorCode> link_code_;
};

}  // namespace weir::test
