#include "base/assert.hpp"

#include <weir/state.hpp>

namespace weir::detail {

void fail_unbound_state(const std::string& name) {
  const std::string message =
      "state \"" + name + "\" was used outside of on_record, where there is no current key";
  base::assertion_failed("state is bound", __FILE__, __LINE__, message.c_str());
}

}  // namespace weir::detail
