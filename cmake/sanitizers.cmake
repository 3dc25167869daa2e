# Sanitizers for the whole build, chosen by WEIR_SANITIZE: "", "address" or "thread".
set(WEIR_SANITIZE "" CACHE STRING "address (with undefined), thread, or empty")
set_property(CACHE WEIR_SANITIZE PROPERTY STRINGS "" address thread)

if(WEIR_SANITIZE STREQUAL "address")
  # Under its old name, as ccache 4.7 does not look into the file that the new one names.
  add_compile_options(
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
    -fsanitize-blacklist=${CMAKE_CURRENT_LIST_DIR}/../tools/ubsan.ignore)
  add_link_options(-fsanitize=address,undefined)
elseif(WEIR_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(WEIR_SANITIZE)
  message(FATAL_ERROR "WEIR_SANITIZE is \"${WEIR_SANITIZE}\"; use address, thread or nothing")
endif()
