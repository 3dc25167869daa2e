// The file of a job's library: what it says of itself, read without loading it.
//
// To load a library is to run code of it, and one that was made for another engine may not even
// load: so everything that can be known before is found out here.
#pragma once

#include <weir/result.hpp>

#include <string>
#include <string_view>

namespace weir::runtime {

/// The tag that a library must have for this engine; see include/weir/detail/job_tag.hpp.
std::string_view engine_tag();

/// Returns the tag of a library, the file's content. `invalid_argument` says why it is none: no
/// ELF file, of another kind or machine, cut short, or without a job.
Result<std::string> tag_of(std::string_view image);

/// Whether this engine can load the library. `failed_precondition` names both versions.
Status check_image(std::string_view image, std::string_view engine = engine_tag());

}  // namespace weir::runtime
