# Warnings for Weir's own code. They are errors: a warning that is not worth stopping for is not
# worth having.
function(weir_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion -Werror)
endfunction()
