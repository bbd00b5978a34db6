// The library's version, as macros for the preprocessor and as a constant for everyone else. Knows nothing else.
#ifndef LAKE_VERSION_HPP
#define LAKE_VERSION_HPP

#define LAKE_VERSION_MAJOR 0
#define LAKE_VERSION_MINOR 1
#define LAKE_VERSION_PATCH 0
#define LAKE_VERSION (LAKE_VERSION_MAJOR * 10000 + LAKE_VERSION_MINOR * 100 + LAKE_VERSION_PATCH)
#define LAKE_VERSION_STRING "0.1.0"

#endif  // LAKE_VERSION_HPP
