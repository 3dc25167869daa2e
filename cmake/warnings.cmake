# Warnings for Weir's own code. They are errors: a warning that is not worth stopping for is not
# worth having. But whoever builds Weir within another project need not fix what their compiler
# finds.
set(WEIR_WARNINGS -Wall -Wextra -Wshadow -Wconversion)
if(WEIR_WERROR)
  list(APPEND WEIR_WARNINGS -Werror)
endif()

function(weir_warnings target)
  target_compile_options(${target} PRIVATE ${WEIR_WARNINGS})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 sees uninitialised members in every std::variant that is copied out of a braced list.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
  endif()
endfunction()
