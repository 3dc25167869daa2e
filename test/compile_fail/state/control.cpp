#include "test/compile_fail/prelude.hpp"

class Owner final : public weir::StateOwner {
public:
  weir::ValueState<double> value{*this, "value"};
  weir::ListState<Payment> list{*this, "list"};
  weir::MapState<int, Payment> map{*this, "map"};
  weir::ReducingState<int> reducing{*this, "reducing", std::plus{}};
  weir::AggregatingState<int, double> aggregating{*this, "aggregating", 0.0,
                                                  [](double& sum, int i) { sum += i; }};
  weir::OperatorListState<Payment> operator_list{*this, "operator_list"};
  weir::UnionListState<Payment> union_list{*this, "union_list"};
  weir::BroadcastState<int, Payment> broadcast{*this, "broadcast"};
};

void use() {
  Owner owner;
}
