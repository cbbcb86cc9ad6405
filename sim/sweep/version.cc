#include "sim/sweep/version.h"

namespace isobath::sweep {

std::string_view version() {
    return ISOBATH_VERSION;
}

}  // namespace isobath::sweep
