// Everything that a job needs.
#pragma once

#include <weir/console.hpp>
#include <weir/files.hpp>
#include <weir/generator.hpp>
#include <weir/job.hpp>
#include <weir/program.hpp>
#include <weir/run.hpp>
