#include "actors/cluster/library_fetch.hpp"

#include <caf/error.hpp>
#include <caf/sec.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

namespace weir::actors {
namespace {

constexpr std::chrono::seconds kPatience{30};  // for one part

Status broken_off() {
  return {ErrorCode::unavailable, "the connection was lost while the job's library was sent"};
}

}  // namespace

void LibraryFetchState::begin(LibraryFetchSpawn spawn) {
  spawn_.emplace(std::move(spawn));
  assembly_.emplace(spawn_->hash, spawn_->shelf->max_bytes());
  ask_blocking(
      self_, spawn_->pool,
      [shelf = spawn_->shelf, hash = spawn_->hash] { return shelf->find(hash).status(); },
      [this](Status found) {
        if (found.code() != ErrorCode::not_found || !spawn_->from) return end(std::move(found));
        spawn_->log.info("library of a job is fetched", {{"library", spawn_->hash}});
        self_->set_down_handler([this](const caf::down_msg&) { end(broken_off()); });
        self_->monitor(spawn_->from);
        ask();
      });
}

void LibraryFetchState::ask() {
  self_->request(spawn_->from, kPatience, AskLibrary{spawn_->hash, assembly_->next()})
      .then([this](const LibraryAnswer& answer) { on_answer(answer); },
            [this](const caf::error& error) {
              end(error == caf::sec::request_timeout
                      ? Status{ErrorCode::unavailable,
                               "the transfer of the job's library stands still"}
                      : broken_off());
            });
}

void LibraryFetchState::on_answer(const LibraryAnswer& answer) {
  if (answer.code != ErrorCode::ok) return end({answer.code, answer.reason});
  if (Status status = assembly_->on_part(answer.part); !status.ok()) return end(std::move(status));
  if (!assembly_->is_complete()) return ask();
  self_->demonitor(spawn_->from.address());
  keep();
}

void LibraryFetchState::keep() {
  ask_blocking(
      self_, spawn_->pool,
      [shelf = spawn_->shelf, hash = spawn_->hash,
       assembly = std::make_shared<runtime::LibraryAssembly>(std::move(*assembly_))] {
        const auto bytes = assembly->take();
        return bytes.ok() ? shelf->add(hash, *bytes) : bytes.status();
      },
      [this](Status kept) { end(std::move(kept)); });
}

void LibraryFetchState::end(Status status) {
  spawn_->done(std::move(status));
  self_->quit();
}

LibraryFetch::behavior_type library_fetch(LibraryFetchState::Self self, LibraryFetchSpawn spawn) {
  self->state.begin(std::move(spawn));
  return {[](const Continue& message) { message.then(); }};
}

}  // namespace weir::actors
