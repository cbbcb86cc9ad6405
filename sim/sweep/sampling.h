/// Points that fill a cube evenly: Sobol's sequence and Latin hypercubes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isobath::sweep {

inline constexpr int kSobolDimensions = 21;

/// Coordinate of point `index` of Sobol's sequence, as a fraction of 2^32; `dimension` from 0.
/// Of the first 2^k points, each of the 2^k equal parts of [0, 1) holds exactly one.
///
/// Direction numbers: S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional
/// projections", SIAM J. Sci. Comput. 30 (2008) 2635-2654; their file new-joe-kuo-6.21201, first 21
/// dimensions. Throws std::logic_error beyond them.
std::uint32_t sobol(std::uint32_t index, int dimension);

/// `count` points of [0, 1)^dimensions, [point x dimension], shifted digit by digit (exclusive or) by a draw
/// from `seed`, which keeps them as evenly spread.
std::vector<double> sobol_sample(std::size_t count, int dimensions, std::uint64_t seed);

/// `count` points of [0, 1)^dimensions, [point x dimension]: in each dimension each of `count` equal parts
/// holds one point, at a random place of it. Source: McKay, Beckman and Conover, Technometrics 21 (1979).
std::vector<double> latin_hypercube(std::size_t count, int dimensions, std::uint64_t seed);

}  // namespace isobath::sweep
