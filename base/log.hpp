// One-line structured log: a message for people, then key=value fields for tools.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir::base {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

/// A named value behind a log message.
struct LogField {
  std::string key;
  std::string value;

  LogField(std::string_view k, std::string v) : key{k}, value{std::move(v)} {}
  LogField(std::string_view k, std::string_view v) : key{k}, value{v} {}
  LogField(std::string_view k, const char* v) : key{k}, value{v} {}
  template <class T>
  requires std::is_arithmetic_v<T> LogField(std::string_view k, T v)
      : key{k}, value{std::to_string(v)} {}
};

/// Takes log lines. May be called from any thread; never per record.
class Logger {
public:
  using Fields = std::initializer_list<LogField>;

  virtual ~Logger() = default;
  virtual void write(LogLevel level, std::string_view message, Fields fields) = 0;

  void debug(std::string_view message, Fields fields = {}) {
    write(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, Fields fields = {}) {
    write(LogLevel::info, message, fields);
  }
  void warn(std::string_view message, Fields fields = {}) {
    write(LogLevel::warn, message, fields);
  }
  void error(std::string_view message, Fields fields = {}) {
    write(LogLevel::error, message, fields);
  }
};

/// Returns a logger that writes lines of at least `level` to standard error.
std::unique_ptr<Logger> make_stderr_logger(LogLevel level);

/// Returns a logger that drops everything; lives as long as the process.
Logger& silent_logger();

/// Joins message and fields as "message key=value key="two words"".
std::string format_log_line(std::string_view message, Logger::Fields fields);

}  // namespace weir::base
