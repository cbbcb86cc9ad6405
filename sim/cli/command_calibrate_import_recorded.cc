// isobath calibrate import --trace | --nsys | --kernels: what a recording of some program holds.
#include <nlohmann/json.hpp>
#include <ostream>

#include "model/calibrate/nsys_import.h"
#include "model/calibrate/recorded.h"
#include "model/calibrate/trace_import.h"
#include "sim/attribute/attribute.h"
#include "sim/cli/calibrate.h"

namespace isobath::cli {
namespace {

RecordedKernels recording(const Flags& flags) {
    const int given = int(flags.has("trace")) + int(flags.has("nsys")) + int(flags.has("kernels"));
    if (given != 1)
        throw SpecError("isobath calibrate import: one recording at a time: --trace, --nsys or --kernels");
    if (flags.has("trace")) return read_trace(std::filesystem::path(flags.text("trace")));
    if (flags.has("nsys")) return read_nsys(flags.text("nsys"));
    return read_recorded_kernels(std::filesystem::path(flags.text("kernels")));
}

void write_rows(const Flags& flags, const RecordedKernels& recorded) {
    if (!flags.has("output")) return;
    if (recorded.ranges.empty())
        throw SpecError("isobath calibrate import: no range or operation of " + recorded.program +
                        " names a shape, so there are no rows for -o");
    write_file(flags.text("output"), rows_of(recorded));
}

}  // namespace

bool imports_recording(const Flags& flags) {
    return flags.has("trace") || flags.has("nsys") || flags.has("kernels");
}

int calibrate_recording(const Call& call, const Flags& flags) {
    const DataFiles data = flags.data();
    const Classifier classifier(data);
    const RecordedKernels recorded = recording(flags);
    write_rows(flags, recorded);
    const RecordedTable table = table_of(recorded, classifier);
    auto json                 = to_json(table, recorded);
    std::string text          = to_text(table, recorded);
    if (flags.has("scenario")) {
        const Scenario scenario   = load_scenario(flags.text("scenario"), data, {});
        const Attribution matched = attribute(recorded, classifier, run_scenario(scenario, data));
        json["attribution"]       = to_json(matched);
        text += "\n" + to_text(matched);
    }
    call.out << (flags.has("json") ? json.dump(2) + "\n" : text);
    return kDone;
}

}  // namespace isobath::cli
