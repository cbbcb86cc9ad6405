// The library that is loaded into other programs holds no presets.
#include "hw/data.h"

namespace isobath::embedded {
const File kFiles[]  = {{nullptr, nullptr}};
const int kFileCount = 0;
}  // namespace isobath::embedded
