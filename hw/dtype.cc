#include "hw/dtype.h"

#include <array>
#include <stdexcept>
#include <string>

#include "hw/text.h"

namespace isobath {
namespace {

constexpr std::array<std::string_view, kFormatCount> kFormats{"nvfp4",    "mxfp8", "fp8-block", "fp8", "int8",
                                                              "logfmt10", "fp16",  "bf16",      "fp32"};
constexpr std::array<std::string_view, kMathCount> kMaths{"fp4",  "fp8",  "int8", "fp16",
                                                          "bf16", "tf32", "fp32"};

}  // namespace

std::string_view name_of(Math math) {
    return kMaths[static_cast<std::size_t>(math)];
}

std::string_view name_of(Format format) {
    return kFormats[static_cast<std::size_t>(format)];
}

Format parse_format(std::string_view name) {
    for (std::size_t i = 0; i < kFormats.size(); ++i)
        if (kFormats[i] == name) return static_cast<Format>(i);
    throw std::invalid_argument("\"" + clipped(name) + "\": not a number format; known: " + joined(kFormats));
}

}  // namespace isobath
