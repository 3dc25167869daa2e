// UserError: an exception thrown by a job's own code, with the operator that threw it.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace weir::runtime {

/// Travels from the operator to the subtask, which fails with it.
class UserError final : public std::runtime_error {
public:
  UserError(std::string operator_name, const std::string& what)
      : std::runtime_error{what}, operator_name_{std::move(operator_name)} {}

  const std::string& operator_name() const { return operator_name_; }

private:
  std::string operator_name_;
};

/// Calls `f` and turns whatever it throws into a UserError of `operator_name`.
template <class F>
decltype(auto) call_user_code(const std::string& operator_name, F&& f) {
  try {
    return f();
  } catch (const UserError&) {
    throw;  // an operator further down the chain threw it
  } catch (const std::exception& error) {
    throw UserError{operator_name, error.what()};
  } catch (...) {
    throw UserError{operator_name, "an exception that is no std::exception"};
  }
}

}  // namespace weir::runtime
