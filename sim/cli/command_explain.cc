#include "sim/cli/flags.h"

namespace isobath::cli {

int command_explain(const Call&) {
    throw SpecError("isobath explain: not yet");
}

}  // namespace isobath::cli
