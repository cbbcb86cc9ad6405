/// A sweep as its file says it: a scenario, what runs at each point, what is varied, what is kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hw/data.h"
#include "sim/overrides.h"
#include "sim/scenario.h"
#include "sim/sweep/column.h"
#include "sim/sweep/dimension.h"

namespace isobath::sweep {

struct Runner;

/// What makes one point better than another: less of one column, more of another; either may be empty.
struct Goals {
    std::string least, most;  ///< pointers, among the columns
};

struct Sweep {
    std::string name;
    std::string shown, text;                    ///< the sweep's file, and its bytes
    std::string scenario_shown, scenario_text;  ///< of what is varied
    std::vector<Override> set;                  ///< over the scenario, at every point;
    std::vector<Override> asked;                ///< those of them that the caller brought
    const Runner* runner = nullptr;
    Phase phase          = Phase::decode;  ///< of the scenario as it stands
    std::vector<Dimension> dimensions;     ///< the first varies slowest
    std::vector<Column> columns;
    Goals goals;
};

/// The bytes of a scenario and what to call it.
struct ScenarioText {
    std::string shown, text;
};

/// Reads a sweep's text. `shown` names it in messages; files it names are looked up beside it, then from the
/// working folder. `set` goes over the scenario; `scenario` takes the place of the one that the text names.
///
/// Throws SpecError "shown: /json/path: what is wrong; what is allowed".
Sweep read_sweep(const std::string& text, const std::string& shown, const DataFiles& data,
                 const std::vector<Override>& set = {}, const std::optional<ScenarioText>& scenario = {});

/// Reads the file `path`, or the built-in sweep of that name or path.
Sweep load_sweep(const std::string& path, const DataFiles& data, const std::vector<Override>& set = {});

/// The scenario's bytes at one point's overrides, read without asking whether its layout can exist.
Scenario read_unchecked(const Sweep& sweep, const DataFiles& data, const std::vector<Override>& overrides);

}  // namespace isobath::sweep
