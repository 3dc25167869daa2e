// The operators of connected streams: those with a second input.
#pragma once

#include <weir/co_process.hpp>
#include <weir/detail/keyed_operator.hpp>
#include <weir/detail/operators.hpp>

#include <utility>

namespace weir::detail {

/// Runs a function on two keyed streams: Body has `handle_first(record, key, info, emit)` and
/// `handle_second`, and declares states like a StateOwner.
template <Key K, class First, class FirstKeyOf, class Second, class SecondKeyOf, class Out,
          class Body>
class KeyedCoOperator : public KeyedOperatorBase<K, Out, Body> {
public:
  template <class... Args>
  KeyedCoOperator(const OperatorInit& init, FirstKeyOf first_key_of, SecondKeyOf second_key_of,
                  const Args&... args)
      : KeyedOperatorBase<K, Out, Body>{init, args...},
        first_key_of_{std::move(first_key_of)},
        second_key_of_{std::move(second_key_of)} {}

  void process(BatchBody& batch, std::size_t begin, std::size_t end) override {
    this->template for_each_record<First>(
        batch, begin, end, first_key_of_, [this](const First& record, const K& key) {
          this->body_.handle_first(record, key, this->info_, this->out_.main);
        });
  }
  void process_second(BatchBody& batch, std::size_t begin, std::size_t end) override {
    this->template for_each_record<Second>(
        batch, begin, end, second_key_of_, [this](const Second& record, const K& key) {
          this->body_.handle_second(record, key, this->info_, this->out_.main);
        });
  }

private:
  FirstKeyOf first_key_of_;
  SecondKeyOf second_key_of_;
};

/// Runs a KeyedBroadcastProcess.
template <class P, class KeyOf>
class BroadcastOperator : public KeyedOperator<typename P::key_type, typename P::in_type,
                                               typename P::out_type, KeyOf, ProcessBody<P>> {
  using Base = KeyedOperator<typename P::key_type, typename P::in_type, typename P::out_type, KeyOf,
                             ProcessBody<P>>;

public:
  using Base::Base;

  void process_second(BatchBody& body, std::size_t begin, std::size_t end) override {
    auto& batch = static_cast<Batch<typename P::broadcast_type>&>(body);
    this->state_.enter_none();
    if (this->state_.expires()) this->drop_expired(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      this->out_.main.set_time(batch.time_of(i));
      this->body_.handle_broadcast(batch.records[i], this->info_, this->state_, this->out_.main);
    }
    this->out_.flush();
  }
};

/// Runs a CoProcess.
template <class P>
class CoProcessOperator final : public ProcessOperatorBase<P> {
  using First = typename P::first_type;
  using Second = typename P::second_type;

public:
  using ProcessOperatorBase<P>::ProcessOperatorBase;

  void process(BatchBody& batch, std::size_t begin, std::size_t end) override {
    this->template for_each_record<First>(batch, begin, end, [this](const First& record) {
      this->process_.on_first(record, this->info_, this->out_.main);
    });
  }
  void process_second(BatchBody& batch, std::size_t begin, std::size_t end) override {
    this->template for_each_record<Second>(batch, begin, end, [this](const Second& record) {
      this->process_.on_second(record, this->info_, this->out_.main);
    });
  }
};

}  // namespace weir::detail
