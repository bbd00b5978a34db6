// Every lake that a set of policies can make, as a list of types: for typed tests and for benchmarks that take their policies by name.
// Knows the facade and Boost.Hana, no concrete policy.
#ifndef LAKE_MATRIX_HPP
#define LAKE_MATRIX_HPP

#include <lake/basic_lake.hpp>
#include <lake/config.hpp>

#include <boost/hana/cartesian_product.hpp>
#include <boost/hana/transform.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>
#include <boost/hana/unpack.hpp>

#include <cstddef>
#include <tuple>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// The types of a list, whatever template holds them, as Hana's values for types.
template <template <class...> class List, class... Policies>
constexpr auto types_of(boost::hana::basic_type<List<Policies...>> /*list*/) {
  return boost::hana::tuple_t<Policies...>;
}

/// One row of the product, an index, a storage, a cache and a codec, as the type of their lake.
struct lake_of_row {
  template <class Row>
  constexpr auto operator()(const Row& row) const {
    return boost::hana::unpack(row, boost::hana::template_<basic_lake>);
  }
};

template <class Indexes, class Storages, class Caches, class Codecs>
constexpr auto cross() {
  const auto rows = boost::hana::cartesian_product(
      boost::hana::make_tuple(types_of(boost::hana::type_c<Indexes>), types_of(boost::hana::type_c<Storages>),
                              types_of(boost::hana::type_c<Caches>), types_of(boost::hana::type_c<Codecs>)));
  return boost::hana::unpack(boost::hana::transform(rows, lake_of_row{}), boost::hana::template_<std::tuple>);
}

}  // namespace detail

/// The lakes of all combinations, `std::tuple<basic_lake<I1, S1, C1, K1>, ...>`, the codec changing fastest. Each argument is a list of
/// policies, `std::tuple<memory_index, sqlite_index>` for instance. Only names types: a lake is compiled where it is used.
///
///     using lakes = lake::matrix<std::tuple<memory_index, sqlite_index>, std::tuple<memory_storage>, std::tuple<no_cache>,
///                                std::tuple<identity_codec, gzip_codec>>;
///     TEMPLATE_LIST_TEST_CASE("a write is read back", "[lake]", lakes) { ... }
///
/// Complexity: at compile time, linear in the number of combinations; a typed test costs about as much again per combination and case, so
/// combinations times cases should stay below 128 a translation unit.
template <class Indexes, class Storages, class Caches, class Codecs>
using matrix = typename decltype(detail::cross<Indexes, Storages, Caches, Codecs>())::type;

/// How many lakes a matrix has.
template <class Matrix>
inline constexpr std::size_t matrix_size = std::tuple_size_v<Matrix>;

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_MATRIX_HPP
