#include <nlohmann/json.hpp>

#include "sim/cli/flags.h"
#include "sim/compare.h"

namespace isobath::cli {
namespace {

std::string shown(const std::string& word, const std::vector<Override>& overrides) {
    std::string out = word;
    for (const Override& o : overrides) out += " " + o.shown;
    return out;
}

std::vector<Override> overrides_of_both(const Flags& flags) {
    std::vector<Override> out;
    for (const std::string& one : flags.list("set-both")) {
        out.push_back(parse_override(one));
        out.back().shown.insert(5, "-both");  // "--set-both path=value"
    }
    return out;
}

}  // namespace

int command_compare(const Call& call) {
    Flags flags(
        "compare A B",
        "Says what changes from A to B: fields, headline metrics, parts of a layer, and every kernel by how "
        "much\n"
        "its time in a step changes. A and B are scenarios (files or built-in names) or results that run "
        "--json\n"
        "wrote. The same scenario twice with --set answers \"what if\". Exit code 3: one of them does not "
        "fit.",
        "isobath compare deepseek-v3-decode-ep128-h800 deepseek-v3-decode-ep128-h800 --set "
        "layout.overlap=none");
    flags.positional("A").positional("B").common();
    flags.values("set", "PATH=VALUE", "replace a field of B, such as precision=bf16; may be repeated");
    flags.values("set-both", "PATH=VALUE", "replace a field of A and of B; may be repeated");
    if (!flags.parse(call)) return kDone;
    const DataFiles data             = flags.data();
    const std::vector<Override> both = overrides_of_both(flags);
    std::vector<Override> own        = both;
    for (const Override& one : flags.set()) own.push_back(one);
    const std::string a = flags.word("A"), b = flags.word("B");
    const Comparison c = compare(load_result(a, data, both), load_result(b, data, own), a, b);
    write_out(call, flags,
              flags.has("json")
                  ? to_json(c).dump(2) + "\n"
                  : to_text(c, shown(a, both), shown(b, own), call.colour && !flags.has("output")));
    return c.fits ? kDone : kNoFit;
}

}  // namespace isobath::cli
