// weir certs init: certificates for a cluster.
#include "cli/follow.hpp"
#include "cli/weir/certificate_set.hpp"
#include "cli/weir/commands.hpp"

#include <weir/clock.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

namespace weir::cli {
namespace {

int init(const CertificateSet& set) {
  const Status written = write_certificates(set, Clock::system().wall());
  if (written.ok()) {
    std::fputs(next_steps(set).c_str(), stdout);
    return 0;
  }
  const bool is_usage = written.code() == ErrorCode::invalid_argument;
  return end_with(is_usage ? kUsage : kFailed, written.message());
}

}  // namespace

void add_certs(CLI::App& tool, Action& action) {
  CLI::App* certs = tool.add_subcommand("certs", "Certificates for security.ssl.*");
  certs->require_subcommand(1);
  CLI::App* command = certs->add_subcommand(
      "init", "Make the authority of a new cluster, and certificates that it signs");
  const auto set = std::make_shared<CertificateSet>();
  command->add_option("DIR", set->directory, "where the files go; made if it is not there")
      ->required();
  command
      ->add_option("--node", set->nodes,
                   "name of a node that gets its own certificate; may be given often. Without it "
                   "one certificate serves all nodes")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--days", set->days, "how long the certificates are valid")
      ->capture_default_str();
  command->callback([set, &action] { action = [set] { return init(*set); }; });
}

}  // namespace weir::cli
