// What windows over two streams are made of: the windows of one stream, over records of either.
#pragma once

#include <weir/detail/join_result.hpp>
#include <weir/detail/keyed_operator.hpp>
#include <weir/emit.hpp>
#include <weir/windows.hpp>

#include <functional>
#include <utility>
#include <variant>
#include <vector>

namespace weir::detail {

template <class First, class Second>
using Either = std::variant<First, Second>;

/// What a window holds. On disk: do not change.
template <class First, class Second>
using BothSides = std::pair<std::vector<First>, std::vector<Second>>;

/// Hands records of both inputs to a window process that takes records of either.
template <class P, class First, class Second>
class EitherBody : public ProcessBody<P> {
public:
  using ProcessBody<P>::ProcessBody;

  template <class K, class Out>
  void handle_first(const First& record, const K& key, const OperatorInfo& info, Emit<Out>& out) {
    this->handle(Either<First, Second>{std::in_place_index<0>, record}, key, info, out);
  }
  template <class K, class Out>
  void handle_second(const Second& record, const K& key, const OperatorInfo& info, Emit<Out>& out) {
    this->handle(Either<First, Second>{std::in_place_index<1>, record}, key, info, out);
  }
};

/// Keeps the records of both streams, each in the order in which they came within each pane.
template <class K, class First, class Second, class R, class F>
struct BothInWindow {
  using Out = R;
  using Record = Either<First, Second>;
  using Sides = BothSides<First, Second>;
  static constexpr bool kKeepsRecords = true;
  F f;

  Sides begin(const Record& record) const {
    Sides sides;
    add(sides, record);
    return sides;
  }
  void add(Sides& sides, const Record& record) const {
    if (record.index() == 0)
      sides.first.push_back(std::get<0>(record));
    else
      sides.second.push_back(std::get<1>(record));
  }
  void merge(Sides& sides, const Sides& later) const {
    sides.first.insert(sides.first.end(), later.first.begin(), later.first.end());
    sides.second.insert(sides.second.end(), later.second.begin(), later.second.end());
  }
  void emit(const K& key, const Window& window, const Sides& sides, Emit<Out>& out) const {
    std::invoke(f, key, window, sides.first, sides.second, out);
  }
};

/// Joins all of one stream with all of the other.
template <class K, class First, class Second, class R, class F>
struct PairsInWindow : BothInWindow<K, First, Second, R, F> {
  void emit(const K&, const Window&, const BothSides<First, Second>& sides, Emit<R>& out) const {
    for (const First& first : sides.first) {
      for (const Second& second : sides.second) join_pair(this->f, first, second, out);
    }
  }
};

}  // namespace weir::detail
