// expect: window(...).trigger(g): g must be copyable and have a State with a weir::Codec and
// expect: on_record(const T&, weir::TriggerContext<State>&) const, which returns a
// expect: weir::TriggerResult
#include "test/compile_fail/prelude.hpp"

struct OnAlert {
  using State = int;
  weir::TriggerResult on_record(const Alert&, weir::TriggerContext<State>&) const {
    return weir::TriggerResult::fire;
  }
};

void use() {
  windows().trigger(OnAlert{}).count("alerts");
}
