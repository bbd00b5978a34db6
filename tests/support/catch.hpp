// The test framework, version 2 or 3. Tests include this and never the framework itself.
#ifndef LAKE_TESTS_SUPPORT_CATCH_HPP
#define LAKE_TESTS_SUPPORT_CATCH_HPP

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif  // LAKE_TESTS_SUPPORT_CATCH_HPP
