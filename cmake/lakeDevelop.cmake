# For our own tests, examples and benchmarks: lake_develop, the target they link. It brings our warnings, the sanitizers
# asked for, and the library under test: include/ with every component, or the single header with every LAKE_WITH_*.

set(LAKE_SANITIZE "" CACHE STRING "Sanitizers for tests and examples, as -fsanitize= takes them: address,undefined or thread")
option(LAKE_WERROR "Let warnings be errors" ON)

find_program(lake_ccache ccache)
if(lake_ccache AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${lake_ccache}")
endif()

add_library(lake_develop INTERFACE)
target_compile_options(lake_develop INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<BOOL:${LAKE_WERROR}>:-Werror>)
target_compile_definitions(lake_develop INTERFACE "LAKE_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")

if(LAKE_SANITIZE)
  target_compile_options(lake_develop INTERFACE "-fsanitize=${LAKE_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(lake_develop INTERFACE "-fsanitize=${LAKE_SANITIZE}")
endif()

# The single header under the names of include/: one forwarding header per public header, so that the same tests build.
function(lake_make_forwarding_headers folder)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/include/lake/*.hpp")
  foreach(header IN LISTS headers)
    file(CONFIGURE OUTPUT "${folder}/${header}" CONTENT "#include \"${PROJECT_SOURCE_DIR}/single_include/lake/lake.hpp\"\n" @ONLY)
  endforeach()
endfunction()

if(LAKE_SINGLE_HEADER)
  lake_make_forwarding_headers("${PROJECT_BINARY_DIR}/forwarding")
  target_compile_features(lake_develop INTERFACE cxx_std_20)
  target_include_directories(lake_develop INTERFACE "${PROJECT_BINARY_DIR}/forwarding")
  target_link_libraries(lake_develop INTERFACE nlohmann_json::nlohmann_json Threads::Threads)
  foreach(component IN LISTS lake_components)
    if(lake_${component}_macro)
      target_compile_definitions(lake_develop INTERFACE ${lake_${component}_macro})
      target_link_libraries(lake_develop INTERFACE ${lake_${component}_target})
    endif()
  endforeach()
else()
  target_link_libraries(lake_develop INTERFACE lake::all)
endif()
