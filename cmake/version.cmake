# Names this build of the engine: its version, and a hash of its headers. Whatever is compiled with
# other headers may lay out the same objects in another way; see include/weir/detail/job_tag.hpp.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/*.hpp)
list(SORT headers)
set(hashes "")
foreach(header IN LISTS headers)
  file(SHA256 ${header} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 hash "${hashes}")
string(SUBSTRING ${hash} 0 12 hash)
set(WEIR_BUILD ${PROJECT_VERSION}-${hash})
# A header that changes makes CMake run again, and libraries be compiled again.
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${headers})
