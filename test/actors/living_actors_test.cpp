// Who lives of a job besides its own actor.
#include "actors/living_actors.hpp"

#include "actors/config.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::actors;

namespace {

constexpr AttemptId kFirst{1};
constexpr AttemptId kSecond{2};

SubtaskId subtask(std::uint32_t index) {
  return {VertexId{0}, index};
}

/// A node with two subtasks, and a coordinator. They understand nothing, and end when killed.
struct Execution {
  SystemConfig config{1};
  caf::actor_system system{config};
  std::vector<caf::actor> actors;
  LivingActors living;
  NodeActor node = spawn<NodeActor>();
  CoordinatorActor coordinator = spawn<CoordinatorActor>();

  Execution() {
    living.set_nodes({{node, "w1", {subtask(0), subtask(1)}}});
    living.add(node.address(), {"w1", std::nullopt});
    living.add(coordinator.address(), {"the coordinator", std::nullopt});
    for (std::uint32_t i = 0; i < 2; ++i) add_task(subtask(i), kFirst);
  }
  ~Execution() {
    for (const caf::actor& actor : actors) caf::anon_send_exit(actor, caf::exit_reason::kill);
  }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  template <class Handle>
  Handle spawn() {
    actors.push_back(system.spawn([](caf::event_based_actor*) {
      return caf::behavior{[](const Continue& message) { message.then(); }};
    }));
    return caf::actor_cast<Handle>(actors.back());
  }
  void add_task(SubtaskId id, AttemptId attempt) {
    const auto task = spawn<SubtaskActor>();
    living.add(task.address(), {"subtask", checkpoint::Speaker{id, attempt}});
    living.add_task({id, attempt, task});
  }
  /// Waits for the end of an actor, as its watcher does.
  std::optional<Watched> end_of(const caf::actor_addr& actor) {
    caf::scoped_actor self{system};
    self->monitor(actor);
    self->receive([](const caf::down_msg&) {});
    return living.remove(actor);
  }
};

}  // namespace

TEST_CASE("an execution is over when nothing but the nodes is left", "[living]") {
  Execution run;
  const auto tasks = run.living.tasks();
  REQUIRE(tasks.size() == 2);
  run.living.end_execution();
  CHECK(run.living.tasks().empty());
  CHECK_FALSE(run.living.has_only_nodes());
  CHECK(run.end_of(tasks[0].actor.address())->subtask->subtask == subtask(0));
  CHECK(run.end_of(run.coordinator.address())->name == "the coordinator");
  CHECK_FALSE(run.living.has_only_nodes());
  run.end_of(tasks[1].actor.address());
  CHECK(run.living.has_only_nodes());
  CHECK(run.living.contains(run.node.address()));
  CHECK_FALSE(run.living.remove(tasks[1].actor.address()));
}

TEST_CASE("subtasks that end alone leave the others where they are", "[living]") {
  Execution run;
  const auto ended = run.living.tasks().front();
  run.living.end_subtasks({subtask(0)});
  REQUIRE(run.living.tasks().size() == 1);
  CHECK(run.living.tasks().front().id == subtask(1));
  CHECK(run.living.has_any({subtask(0)}));
  run.end_of(ended.actor.address());
  CHECK_FALSE(run.living.has_any({subtask(0)}));
  CHECK(run.living.has_any({subtask(0), subtask(1)}));
  run.add_task(subtask(0), kSecond);
  CHECK(run.living.tasks().size() == 2);
}

TEST_CASE("what a node was asked for is on its way until it answers or ends", "[living]") {
  Execution run;
  run.living.begin_deployment(run.node, kFirst);
  run.living.begin_deployment(run.node, kSecond);
  CHECK(run.living.end_deployment(run.node.address(), kFirst));
  CHECK_FALSE(run.living.end_deployment(run.node.address(), kFirst));
  CHECK(run.living.is_deploying());
  run.living.end_all();
  CHECK(run.end_of(run.node.address())->name == "w1");
  CHECK_FALSE(run.living.is_deploying());
  CHECK_FALSE(run.living.end_deployment(run.node.address(), kSecond));
  CHECK(run.living.nodes().empty());
}

TEST_CASE("an execution whose subtasks are on their way is not over", "[living]") {
  Execution run;
  const auto tasks = run.living.tasks();
  run.living.begin_deployment(run.node, kSecond);
  run.living.end_execution();
  for (const TaskHandle& task : tasks) run.end_of(task.actor.address());
  run.end_of(run.coordinator.address());
  CHECK_FALSE(run.living.has_only_nodes());
  REQUIRE(run.living.end_deployment(run.node.address(), kSecond));
  CHECK(run.living.has_only_nodes());
}

TEST_CASE("a node that is out of reach takes everything on it along", "[living]") {
  Execution run;
  run.living.begin_deployment(run.node, kSecond);
  CHECK_FALSE(run.living.lose_node("w2"));
  REQUIRE(run.living.lose_node("w1"));
  CHECK(run.living.nodes().empty());
  CHECK(run.living.tasks().empty());
  CHECK(run.living.has_only_nodes());
  CHECK_FALSE(run.living.contains(run.coordinator.address()));  // it was in the same process
  CHECK_FALSE(run.living.lose_node("w1"));
}

TEST_CASE("nodes that are somebody else's now are not waited for", "[living]") {
  Execution run;
  run.living.remove_nodes();
  CHECK(run.living.nodes().empty());
  CHECK_FALSE(run.living.contains(run.node.address()));
  CHECK(run.living.contains(run.coordinator.address()));
}
