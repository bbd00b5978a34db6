// The merge engine alone: applying steps, checking bodies, looking into texts. Needs no JSON library.
#ifndef LAKE_MERGE_HPP
#define LAKE_MERGE_HPP

#include <lake/config.hpp>
#include <lake/merge/apply.hpp>
#include <lake/merge/patch.hpp>
#include <lake/merge/prune.hpp>
#include <lake/merge/read.hpp>
#include <lake/merge/scan.hpp>
#include <lake/merge/step.hpp>
#include <lake/merge/validate.hpp>

#endif  // LAKE_MERGE_HPP
