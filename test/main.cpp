// The one file that contains Catch2's main: it takes eight seconds to compile.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
