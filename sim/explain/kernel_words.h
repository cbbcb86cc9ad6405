/// What each kernel of a step does, and where its dimensions come from in the model, the layout and the
/// batch.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/layer.h"

namespace isobath {

struct KernelWords {
    const char* name;
    const char* title;   ///< what it does
    const char* format;  ///< the precision field that chooses its number format, or what fixes it
    const char* rows;    ///< where its rows come from; of a streaming kernel: what moves
};

/// The words on the kernel `name`; null for one that nobody described (a test forbids it).
const KernelWords* words_of(std::string_view name);

/// A dimension of a product, as the model and the layout give it: the test holds `value` against the kernel's
/// own.
struct Dimension {
    const char *name, *axis;  ///< "o", "k"
    const char* words;        ///< "heads / attention tp * v_head_dim"
    double (*value)(const LayerContext&);
};
const Dimension* dimension_of(std::string_view name, std::string_view axis);

}  // namespace isobath
