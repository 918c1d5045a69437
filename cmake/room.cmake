# tunnel_room(NAME SOURCES ... MAY_INCLUDE ROOM... LIBRARIES ...): one library of the project.
#
# A source includes headers as "room/header.hpp", and public ones as "tunnel/room/header.hpp". Each room has an include
# folder of its own in the build tree, with nothing in it but links to the headers of that room; a library sees the
# folders of the rooms it may include and of no others. An include that is not allowed therefore does not compile.
function(tunnel_room name)
    cmake_parse_arguments(arg "" "" "SOURCES;MAY_INCLUDE;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
    set(folder ${PROJECT_BINARY_DIR}/rooms/${name})
    file(MAKE_DIRECTORY ${folder}/tunnel)
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${name} ${folder}/${name} SYMBOLIC)
    if(EXISTS ${PROJECT_SOURCE_DIR}/include/tunnel/${name})
        file(CREATE_LINK ${PROJECT_SOURCE_DIR}/include/tunnel/${name} ${folder}/tunnel/${name} SYMBOLIC)
    endif()

    list(TRANSFORM arg_SOURCES PREPEND ${name}/)
    list(TRANSFORM arg_MAY_INCLUDE PREPEND tunnel_)
    add_library(tunnel_${name} STATIC ${arg_SOURCES})
    target_compile_features(tunnel_${name} PUBLIC cxx_std_20)
    target_include_directories(tunnel_${name} PUBLIC $<BUILD_INTERFACE:${folder}>)
    target_link_libraries(tunnel_${name} PUBLIC ${arg_MAY_INCLUDE} ${arg_LIBRARIES}
                                         PRIVATE ${arg_PRIVATE_LIBRARIES} $<BUILD_INTERFACE:tunnel_warnings>
                                                 $<BUILD_INTERFACE:tunnel_sanitizers>)
endfunction()
