#include "v1.hpp"

#include "program.hpp"

WEIR_JOB(payments::Program<payments::v1::Book>)
