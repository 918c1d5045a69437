# Two builds in one folder: the first records where the time goes while it carries load, the second is laid out by that
# and optimized across files. `./dev build tuned` does both. For the folder that includes this.
set(TUNNEL_PROFILE "" CACHE STRING "GCC only: record, then, in the same build folder, use")
set_property(CACHE TUNNEL_PROFILE PROPERTY STRINGS "" record use)

if(TUNNEL_PROFILE AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "TUNNEL_PROFILE=${TUNNEL_PROFILE} needs GCC; this is ${CMAKE_CXX_COMPILER_ID}. Leave it empty.")
endif()

if(TUNNEL_PROFILE STREQUAL "record")
    add_compile_options(-fprofile-generate)
    add_link_options(-fprofile-generate)
elseif(TUNNEL_PROFILE STREQUAL "use")
    file(GLOB_RECURSE recorded "${PROJECT_BINARY_DIR}/src/*.gcda")
    if(NOT recorded)
        message(FATAL_ERROR "Nothing is recorded in ${PROJECT_BINARY_DIR}; ./dev build tuned does it")
    endif()
    # What the load did not reach is optimized as ever, not for size.
    add_compile_options(-fprofile-use -fprofile-partial-training -Wno-missing-profile)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
elseif(TUNNEL_PROFILE)
    message(FATAL_ERROR "TUNNEL_PROFILE=${TUNNEL_PROFILE} is neither record nor use")
endif()
