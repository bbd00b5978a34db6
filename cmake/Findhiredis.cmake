# hiredis as the target hiredis::hiredis: from pkg-config where it knows the library, else the plain header and library.
# Debian's package of 0.14 brings no CMake configuration. Where hiredis has its TLS part and OpenSSL is there, the target links them
# and defines LAKE_WITH_REDIS_TLS, by which lake serves rediss://.
#
# Result: hiredis_FOUND, hiredis_VERSION, hiredis::hiredis.

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_hiredis QUIET hiredis)
endif()

# Users write <hiredis/hiredis.h>, so the folder above is what is searched for; pkg-config names the inner one in some releases.
find_path(hiredis_INCLUDE_DIR NAMES hiredis/hiredis.h HINTS ${PC_hiredis_INCLUDE_DIRS} ${PC_hiredis_INCLUDEDIR})
find_library(hiredis_LIBRARY NAMES hiredis HINTS ${PC_hiredis_LIBRARY_DIRS} ${PC_hiredis_LIBDIR})
find_library(hiredis_SSL_LIBRARY NAMES hiredis_ssl HINTS ${PC_hiredis_LIBRARY_DIRS} ${PC_hiredis_LIBDIR})
mark_as_advanced(hiredis_INCLUDE_DIR hiredis_LIBRARY hiredis_SSL_LIBRARY)

set(hiredis_VERSION "")
if(hiredis_INCLUDE_DIR)
  file(STRINGS "${hiredis_INCLUDE_DIR}/hiredis/hiredis.h" hiredis_version_lines REGEX "#define HIREDIS_(MAJOR|MINOR|PATCH) [0-9]+")
  foreach(hiredis_part IN ITEMS MAJOR MINOR PATCH)
    string(REGEX MATCH "HIREDIS_${hiredis_part} ([0-9]+)" hiredis_match "${hiredis_version_lines}")
    list(APPEND hiredis_VERSION "${CMAKE_MATCH_1}")
  endforeach()
  list(JOIN hiredis_VERSION "." hiredis_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(hiredis REQUIRED_VARS hiredis_LIBRARY hiredis_INCLUDE_DIR VERSION_VAR hiredis_VERSION)

if(hiredis_FOUND AND NOT TARGET hiredis::hiredis)
  add_library(hiredis::hiredis UNKNOWN IMPORTED)
  set_target_properties(hiredis::hiredis PROPERTIES IMPORTED_LOCATION "${hiredis_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${hiredis_INCLUDE_DIR}")
  if(hiredis_SSL_LIBRARY AND EXISTS "${hiredis_INCLUDE_DIR}/hiredis/hiredis_ssl.h")
    find_package(OpenSSL QUIET)
    if(OpenSSL_FOUND)
      set_property(TARGET hiredis::hiredis APPEND PROPERTY INTERFACE_LINK_LIBRARIES "${hiredis_SSL_LIBRARY}" OpenSSL::SSL OpenSSL::Crypto)
      set_property(TARGET hiredis::hiredis APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS LAKE_WITH_REDIS_TLS)
    endif()
  endif()
endif()
