/// Hashes that are the same on every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace isobath::sweep {

/// FNV-1a of 64 bits (Fowler, Noll and Vo).
constexpr std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

/// A permutation of the 64-bit numbers in which every bit hangs on every bit: the end of SplitMix64
/// (Steele, Lea and Flood, 2014).
constexpr std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

}  // namespace isobath::sweep
