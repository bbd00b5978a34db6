// Every primitive of the index protocol as a function over a `catalog_log`: written once, for all indexes that live in this process.
// An index provides a log per atomic step and calls `rules::<primitive>(log, ...)`. Knows no index.
#ifndef LAKE_PROTOCOL_RULES_HPP
#define LAKE_PROTOCOL_RULES_HPP

#include <lake/config.hpp>
#include <lake/protocol/dump.hpp>
#include <lake/protocol/rules_catalog.hpp>
#include <lake/protocol/rules_clear.hpp>
#include <lake/protocol/rules_files.hpp>
#include <lake/protocol/rules_read.hpp>
#include <lake/protocol/rules_write.hpp>

#endif  // LAKE_PROTOCOL_RULES_HPP
