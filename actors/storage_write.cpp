#include "actors/storage_write.hpp"

namespace weir::actors {

void log_retry(base::Logger& log, const FailedWrite& write) {
  log.warn("a write of a checkpoint has failed and will be tried again",
           {{"checkpoint", write.checkpoint.value()},
            {"by", write.who},
            {"error", write.why.message()},
            {"after_ms", write.pause.count() / 1'000'000}});
}

}  // namespace weir::actors
