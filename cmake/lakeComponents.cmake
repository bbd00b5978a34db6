# The components of lake: what each is called, which library it needs and where that comes from. Read by the build and,
# installed, by find_package(lake COMPONENTS ...). A new backend is one block here (and one row in amalgamate.py).
#
#   lake_<name>_package  what find_package looks for        lake_<name>_target  the target it gives
#   lake_<name>_title    the library's name for messages    lake_<name>_debian  the Debian package that brings it
#   lake_<name>_macro    its LAKE_WITH_* in the single header
#   lake_<name>_parts    other components it consists of

set(lake_components sqlite gzip redis openssl s3 hana)

set(lake_sqlite_title "SQLite 3")
set(lake_sqlite_package SQLite3)
set(lake_sqlite_target SQLite::SQLite3)
set(lake_sqlite_debian libsqlite3-dev)
set(lake_sqlite_macro LAKE_WITH_SQLITE)

set(lake_gzip_title "zlib")
set(lake_gzip_package ZLIB)
set(lake_gzip_target ZLIB::ZLIB)
set(lake_gzip_debian zlib1g-dev)
set(lake_gzip_macro LAKE_WITH_GZIP)

# Debian's hiredis has no package file of its own: cmake/Findhiredis.cmake, installed beside this one, finds it.
set(lake_redis_title "hiredis")
set(lake_redis_package hiredis)
set(lake_redis_target hiredis::hiredis)
set(lake_redis_debian libhiredis-dev)
set(lake_redis_macro LAKE_WITH_REDIS)

set(lake_openssl_title "OpenSSL")
set(lake_openssl_package OpenSSL)
set(lake_openssl_target OpenSSL::Crypto)
set(lake_openssl_debian libssl-dev)
set(lake_openssl_macro LAKE_WITH_OPENSSL)

set(lake_s3_title "libcurl")
set(lake_s3_package CURL)
set(lake_s3_target CURL::libcurl)
set(lake_s3_debian libcurl4-openssl-dev)
set(lake_s3_macro LAKE_WITH_S3)
set(lake_s3_parts openssl)

set(lake_hana_title "Boost.Hana (headers)")
set(lake_hana_package Boost)
set(lake_hana_target Boost::headers)
set(lake_hana_debian libboost-dev)
set(lake_hana_macro LAKE_WITH_HANA)

# What is made of the others comes last.
set(lake_all_parts ${lake_components})
set(lake_embedded_parts sqlite gzip)
set(lake_settings_parts sqlite gzip redis openssl s3)
list(APPEND lake_components embedded settings all)
