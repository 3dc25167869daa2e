// Everything for programs that look into savepoints, read, write and change them.
#pragma once

#include <weir/savepoints/entry_files.hpp>
#include <weir/savepoints/savepoint.hpp>
#include <weir/savepoints/source.hpp>
#include <weir/savepoints/writer.hpp>
