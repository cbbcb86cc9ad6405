/// How often the test program has asked for memory.
#pragma once

#include <cstddef>

namespace isobath::test {

std::size_t allocations();

}  // namespace isobath::test
