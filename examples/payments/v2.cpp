#include "v2.hpp"

#include "program.hpp"

WEIR_JOB(payments::Program<payments::v2::Book>)
