#include <ostream>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/cli/calibrate.h"
#include "sim/shapes.h"

namespace isobath::cli {

int calibrate_shapes(const Call& call, const Flags& flags, const std::vector<std::string>& files) {
    if (files.size() != 1)
        throw SpecError(
            "isobath calibrate shapes: name one SCENARIO, as in: isobath calibrate shapes "
            "scenarios/deepseek-v3-decode-ep128-h800.json");
    const DataFiles data        = flags.data();
    const Scenario scenario     = load_scenario(files[0], data, flags.set());
    const ScenarioShapes shapes = shapes_of(scenario, data);
    write_out(call, flags, shapes_json(shapes.points, scenario.name));
    const std::vector<std::string_view> names(shapes.unmeasured.begin(), shapes.unmeasured.end());
    if (!names.empty()) call.err << fmt::format("no measurement knows: {}\n", joined(names));
    return kDone;
}

}  // namespace isobath::cli
