// Everything for programs that look into savepoints, read, write and change them.
#pragma once

#include <weir/savepoints/savepoint.hpp>
#include <weir/savepoints/source.hpp>
#include <weir/savepoints/writer.hpp>
