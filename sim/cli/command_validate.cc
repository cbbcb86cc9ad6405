#include "sim/cli/flags.h"

namespace isobath::cli {

int command_validate(const Call&) {
    throw SpecError("isobath validate: not yet");
}

}  // namespace isobath::cli
