// Figures: the middle of many, and how they are written for people.
#ifndef BENCHMARKS_FIGURES_HPP
#define BENCHMARKS_FIGURES_HPP

#include <string>
#include <vector>

namespace bench {

/// The value in the middle, or at another place (0 to 1).
[[nodiscard]] double quantile(std::vector<double> values, double place = 0.5);

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(double number);
/// A time with the unit that suits it: "12.34 us".
[[nodiscard]] std::string duration(double nanoseconds);
[[nodiscard]] std::string fixed(double number, int digits);

/// Keeps the compiler from dropping what makes `value`.
template <class T>
inline void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

}  // namespace bench

#endif  // BENCHMARKS_FIGURES_HPP
