#include <nlohmann/json.hpp>

#include "sim/cli/flags.h"
#include "sim/validate/report.h"

namespace isobath::cli {

int command_validate(const Call& call) {
    Flags flags("validate [ID...]",
                "Predicts published measurements and prints how far off each is. Points that a constant\n"
                "was fitted to are counted apart from those that judge. IDs select by their beginning.",
                "isobath validate deepseek.h800.decode");
    flags.positional("ID", true)
        .common()
        .option("all", "list every point, and every kernel fit with all its numbers")
        .value("html", "FILE", "write pictures, tables and every point with its source as one page");
    if (!flags.parse(call)) return kDone;
    const std::vector<std::string> ids = flags.list("ID");
    const ValidationReport report      = validate(flags.data(), ids);
    if (report.results.empty() && report.waiting.empty())
        throw SpecError("isobath validate: no point's id starts with \"" + ids.front() +
                        "\"; --all --json lists them");
    if (flags.has("html")) write_file(flags.text("html"), to_html(report));
    write_out(call, flags,
              flags.has("json") ? to_json(report).dump(2) + "\n"
                                : to_text(report, flags.has("all") || !ids.empty()));
    return kDone;
}

}  // namespace isobath::cli
