#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cctype>

namespace weir::base {
namespace {

bool needs_quotes(std::string_view value) {
  if (value.empty()) return true;
  for (const char c : value) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0 || c == '"' || c == '=') return true;
  }
  return false;
}

void append_quoted(std::string& line, std::string_view value) {
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    if (c == '\n')
      line += "\\n";
    else
      line += c;
  }
  line += '"';
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::off: return spdlog::level::off;
  }
  return spdlog::level::info;
}

class StderrLogger final : public Logger {
public:
  explicit StderrLogger(LogLevel level)
      : log_{"weir", std::make_shared<spdlog::sinks::stderr_sink_mt>()} {
    log_.set_level(to_spdlog(level));
    log_.set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %-5l %v");
  }

  void write(LogLevel level, std::string_view message, Fields fields) override {
    const auto mapped = to_spdlog(level);
    if (log_.should_log(mapped)) log_.log(mapped, format_log_line(message, fields));
  }

private:
  spdlog::logger log_;
};

class SilentLogger final : public Logger {
public:
  void write(LogLevel, std::string_view, Fields) override {}
};

}  // namespace

std::unique_ptr<Logger> make_stderr_logger(LogLevel level) {
  return std::make_unique<StderrLogger>(level);
}

Logger& silent_logger() {
  static SilentLogger logger;
  return logger;
}

std::string format_log_line(std::string_view message, Logger::Fields fields) {
  std::string line{message};
  for (const LogField& field : fields) {
    line.append(" ").append(field.key).append("=");
    if (needs_quotes(field.value))
      append_quoted(line, field.value);
    else
      line += field.value;
  }
  return line;
}

}  // namespace weir::base
