#include "sim/cli/flags.h"

namespace isobath::cli {

int command_compare(const Call&) {
    throw SpecError("isobath compare: not yet");
}

}  // namespace isobath::cli
